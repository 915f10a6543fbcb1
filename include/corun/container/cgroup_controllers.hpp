// Which controllers (cpu, memory, pids, ...) a cgroup has, and enabling them down the tree.
// Parent side; needs write access to the ancestors' cgroup.subtree_control.
#pragma once

#include "corun/container/cgroup_hierarchy.hpp"
#include "corun/oci/problems.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

/// A controller that something needs, and what that is, for the error: a JSON pointer.
struct NeededController {
    std::string name;
    std::string property;

    bool operator==(const NeededController&) const = default;
};

/// Sees to it that the cgroup at `path` has the controllers `needed`: enables them in its ancestors
/// from the nearest one that has them all. Error, naming controller, file and remedy, if the
/// hierarchy lacks one or an ancestor cannot give it.
void enable_controllers(
    const CgroupHierarchy& hierarchy,
    const std::string& path,
    const std::vector<NeededController>& needed
);

/// What would keep enable_controllers() from doing so: a reason for each property. Only looks; the
/// cgroup and its nearest ancestors need not exist.
[[nodiscard]] std::vector<oci::Problem> obstacles_to_controllers(
    const CgroupHierarchy& hierarchy,
    const std::string& path,
    const std::vector<NeededController>& needed
);

/// Why a controller is not in the hierarchy, in parentheses; pure. `proc_cgroups` is the text of
/// /proc/cgroups.
[[nodiscard]] std::string remedy_for_missing_controller(
    const std::string& name, std::string_view proc_cgroups
);

/// What would keep this process from making the directory at `path`; empty: nothing known.
[[nodiscard]] std::string obstacle_to_making(
    const CgroupHierarchy& hierarchy, const std::string& path
);

/// Enables in each ancestor of `path` all that it has; what is refused is left out.
void enable_all_controllers(const CgroupHierarchy& hierarchy, const std::string& path);

}  // namespace corun::container
