// Where the cgroup2 hierarchy is mounted, and which path in it belongs to a container.
// Parent side, any privileges; only looks, changes nothing.
#pragma once

#include "corun/sys/fd.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

/// The cgroup2 mount. Cgroup paths ("/machine/web") are relative to it and begin with '/'.
struct CgroupHierarchy {
    /// `/sys/fs/cgroup`, or on a hybrid host e.g. `/sys/fs/cgroup/unified`.
    std::string mount_point;
    /// O_PATH descriptor of the mount point.
    sys::UniqueFd directory;

    /// The path as the host sees it, for messages, hooks and the state.
    [[nodiscard]] std::string host_path(std::string_view path) const;
};

/// The cgroup2 mount: /sys/fs/cgroup, else the first one in /proc/self/mountinfo. Throws ENODEV if
/// there is none.
[[nodiscard]] CgroupHierarchy find_cgroup_hierarchy();

/// The cgroup of a container: `cgroups_path` (linux.cgroupsPath) if absolute; if relative, or empty
/// and then `id`, below the parent of the caller's own cgroup, which has processes and thus cannot
/// have limited children. Lexically clean: a ".." does not climb out. (runtime-spec 1.3
/// config-linux#cgroups-path)
[[nodiscard]] std::string cgroup_path_for(std::string_view cgroups_path, std::string_view id);

/// The cgroup a process is in now; nothing when there is no such process. 0 is the caller.
[[nodiscard]] std::optional<std::string> try_cgroup_path_of(pid_t pid);

/// Pure part of try_cgroup_path_of(): the path in the `0::` line of /proc/PID/cgroup.
[[nodiscard]] std::optional<std::string> parse_proc_cgroup(std::string_view text);

/// Pure part of find_cgroup_hierarchy(): the cgroup2 mount points in a mountinfo text.
[[nodiscard]] std::vector<std::string> parse_cgroup2_mount_points(std::string_view mountinfo);

/// Pure part of cgroup_path_for(), given the caller's own cgroup.
[[nodiscard]] std::string join_cgroup_path(
    std::string_view own_cgroup, std::string_view cgroups_path, std::string_view id
);

}  // namespace corun::container
