// Spec + options + host → Plan. Parent side; opens descriptors and makes detached mounts, which
// vanish with the plan: a failure here leaves nothing behind.
#pragma once

#include "corun/container/privileges.hpp"
#include "corun/oci/problems.hpp"
#include "corun/oci/spec.hpp"
#include "corun/setup/plan.hpp"

#include <string>
#include <vector>

namespace corun::container {

/// What a plan needs besides the document.
struct PlanInput {
    const oci::Spec& spec;
    Privileges privileges;
    std::string id;
    std::string bundle;              // absolute
    std::string rootfs;              // rootfs_path(), if known already
    std::string cgroup_directory;    // absolute path of the container's own cgroup; empty: none
    std::string seccomp_cache_root;  // the state root, where compiled filters are kept
    const sys::PreparedNamespaces* prepared = nullptr;  // outlives the plan; none: made by clone3
    bool no_pivot = false;
    bool no_new_keyring = false;
};

/// The plan of a container's first process. Gate and console are the caller's to set.
[[nodiscard]] setup::Plan build_init_plan(const PlanInput& input);

/// Refuses what this build knows but does not apply, by JSON pointer.
void refuse_unsupported(const oci::Spec& spec);
void report_unsupported(const oci::Spec& spec, oci::Problems& problems);

/// Absolute path of the rootfs on the host, without symlinks. Throws unless it is a directory.
[[nodiscard]] std::string rootfs_path(const oci::Spec& spec, const std::string& bundle);

/// A bind of one of the runtime's own directories: read-only, nosuid, nodev, noexec.
[[nodiscard]] setup::MountPlan readonly_bind(
    const Privileges& privileges, const std::string& source, const std::string& destination
);

// The parts; `plan_*.cpp` has one each.
void plan_namespaces(const PlanInput& input, setup::Plan& plan);
void plan_rootfs(const PlanInput& input, setup::Plan& plan);
void plan_mounts(const PlanInput& input, setup::Plan& plan);
void plan_devices(const PlanInput& input, setup::Plan& plan);
void plan_masks(const PlanInput& input, setup::Plan& plan);
void plan_hooks(const PlanInput& input, setup::Plan& plan);

}  // namespace corun::container
