// Attaching a mount below the container's root such that the path leads to it afterwards (R1).
// Child side.
#pragma once

#include "corun/sys/fd.hpp"
#include "corun/sys/path.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace corun::setup {

/// A place in the container's tree: the path, and the object that it led to.
struct MountTarget {
    std::string path;  // absolute in the container
    sys::Symlinks symlinks = sys::Symlinks::follow;
    sys::UniqueFd object;
    std::int64_t filesystem_type = 0;  // that it lies in: *_MAGIC of statfs(2)
};

/// Opens `path`, made as an empty directory or file where absent.
[[nodiscard]] MountTarget ensure_directory_target(
    const sys::RootDir& root, std::string path, sys::Symlinks symlinks
);
[[nodiscard]] MountTarget ensure_file_target(
    const sys::RootDir& root, std::string path, sys::Symlinks symlinks
);

/// Opens `path`; nothing where it is absent.
[[nodiscard]] std::optional<MountTarget> find_target(
    const sys::RootDir& root, std::string path, sys::Symlinks symlinks
);

/// Attaches the detached mount `tree` on the target, then looks the path up again. An Error if it
/// does not lead to the mount: a sibling who shares the tree has renamed what is on the way. In
/// procfs and sysfs nothing can be renamed, and nothing is looked up.
void attach_verified(const sys::RootDir& root, const MountTarget& target, sys::FdRef tree);

}  // namespace corun::setup
