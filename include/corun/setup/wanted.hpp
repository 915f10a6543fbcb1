// When a step runs: pure predicates over the plan, so that a plan's sequence is known before it
// runs.
#pragma once

#include "corun/setup/plan.hpp"

namespace corun::setup {

[[nodiscard]] bool always(const Plan& plan);
/// Not the start of a container: there is no root to build.
[[nodiscard]] bool is_exec(const Plan& plan);
[[nodiscard]] bool joins_without_relay(const Plan& plan);
[[nodiscard]] bool has_mount_namespace(const Plan& plan);
[[nodiscard]] bool maps_ids(const Plan& plan);
[[nodiscard]] bool becomes_root(const Plan& plan);
[[nodiscard]] bool has_session_keyring(const Plan& plan);
[[nodiscard]] bool has_new_cgroup_namespace(const Plan& plan);
[[nodiscard]] bool starts_from_bare_mounts(const Plan& plan);
[[nodiscard]] bool inherits_mounts(const Plan& plan);
[[nodiscard]] bool has_prepared_namespaces(const Plan& plan);
[[nodiscard]] bool brings_loopback_up(const Plan& plan);
[[nodiscard]] bool needs_own_proc(const Plan& plan);
[[nodiscard]] bool has_mounts(const Plan& plan);
[[nodiscard]] bool populates_dev(const Plan& plan);
[[nodiscard]] bool parent_has_hooks(const Plan& plan);
[[nodiscard]] bool has_create_container_hooks(const Plan& plan);
[[nodiscard]] bool has_start_container_hooks(const Plan& plan);
[[nodiscard]] bool has_terminal(const Plan& plan);
[[nodiscard]] bool has_names(const Plan& plan);
[[nodiscard]] bool has_sysctls(const Plan& plan);
[[nodiscard]] bool finishes_rootfs(const Plan& plan);
[[nodiscard]] bool has_readonly_paths(const Plan& plan);
[[nodiscard]] bool has_masked_paths(const Plan& plan);
[[nodiscard]] bool has_limits(const Plan& plan);
[[nodiscard]] bool parent_sets_limits(const Plan& plan);
[[nodiscard]] bool has_capabilities(const Plan& plan);
[[nodiscard]] bool has_initial_affinity(const Plan& plan);
[[nodiscard]] bool has_gate(const Plan& plan);
[[nodiscard]] bool has_exec_label(const Plan& plan);
[[nodiscard]] bool has_no_new_privileges(const Plan& plan);
[[nodiscard]] bool has_seccomp(const Plan& plan);

}  // namespace corun::setup
