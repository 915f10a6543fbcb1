// When a step runs. Pure.
#include "corun/setup/wanted.hpp"

#include <algorithm>

namespace corun::setup {

bool always(const Plan& /*plan*/) {
    return true;
}

bool is_exec(const Plan& plan) {
    return plan.rootfs.path.empty();
}

bool joins_without_relay(const Plan& plan) {
    return !plan.namespaces.joined.empty() && !plan.namespaces.needs_relay();
}

bool has_mount_namespace(const Plan& plan) {
    return plan.rootfs.root_switch != RootSwitch::chroot;
}

bool starts_from_bare_mounts(const Plan& plan) {
    return plan.namespaces.bare_mounts.has_value();
}

bool inherits_mounts(const Plan& plan) {
    return has_mount_namespace(plan) && !starts_from_bare_mounts(plan);
}

bool maps_ids(const Plan& plan) {
    return plan.namespaces.maps_ids;
}

bool becomes_root(const Plan& plan) {
    return plan.namespaces.becomes_root;
}

bool has_session_keyring(const Plan& plan) {
    return !plan.session_keyring.empty();
}

bool has_new_cgroup_namespace(const Plan& plan) {
    return plan.namespaces.creates_cgroup_namespace;
}

bool has_prepared_namespaces(const Plan& plan) {
    return plan.namespaces.prepared != nullptr;
}

bool brings_loopback_up(const Plan& plan) {
    return plan.namespaces.brings_loopback_up;
}

bool needs_own_proc(const Plan& plan) {
    return has_exec_label(plan);
}

bool has_mounts(const Plan& plan) {
    return !plan.mounts.empty();
}

bool populates_dev(const Plan& plan) {
    return plan.dev.populates;
}

bool parent_has_hooks(const Plan& plan) {
    return plan.hooks.parent_has_hooks;
}

bool has_create_container_hooks(const Plan& plan) {
    return !plan.hooks.create_container.empty();
}

bool has_start_container_hooks(const Plan& plan) {
    return !plan.hooks.start_container.empty();
}

bool has_terminal(const Plan& plan) {
    return plan.terminal.wanted;
}

bool has_names(const Plan& plan) {
    return !plan.hostname.empty() || !plan.domainname.empty();
}

bool has_sysctls(const Plan& plan) {
    return !plan.sysctls.empty();
}

bool finishes_rootfs(const Plan& plan) {
    return plan.rootfs.readonly || plan.rootfs.final_propagation != 0 ||
           std::any_of(plan.mounts.begin(), plan.mounts.end(), [](const MountPlan& mount) {
               return mount.readonly_at_end;
           });
}

bool has_readonly_paths(const Plan& plan) {
    return !plan.masks.readonly.empty();
}

bool has_masked_paths(const Plan& plan) {
    return !plan.masks.masked.empty();
}

bool has_limits(const Plan& plan) {
    return !plan.limits.empty() || plan.oom_score_adj.has_value();
}

bool parent_sets_limits(const Plan& plan) {
    return plan.limits_take_privilege || plan.oom_score_adj.has_value();
}

bool has_capabilities(const Plan& plan) {
    return plan.credentials.capabilities.has_value();
}

bool has_initial_affinity(const Plan& plan) {
    return !plan.attributes.initial_cpu_affinity.empty();
}

bool has_gate(const Plan& plan) {
    return plan.gate.kind != GateKind::none;
}

bool has_exec_label(const Plan& plan) {
    return !plan.labels.apparmor_profile.empty() || !plan.labels.selinux_exec_label.empty();
}

bool has_no_new_privileges(const Plan& plan) {
    return plan.credentials.no_new_privileges;
}

bool has_seccomp(const Plan& plan) {
    return plan.seccomp.wanted();
}

}  // namespace corun::setup
