// The mounts of a restore: what criu is given for each name in the images, and whether what it made
// of them is what the document says. Parent side. The images, and the rootfs with its symlinks, are
// not trusted: a target is looked at once it is mounted, below the root that the container got, and
// before any of its processes runs. (CVE-2026-119101, CVE-2026-119614)
#pragma once

#include "corun/container/criu_stage.hpp"
#include "corun/container/mountinfo.hpp"
#include "corun/setup/plan.hpp"
#include "corun/sys/path.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace corun::container {

/// Makes the mount points that a rootfs (or a bind mount in it) lacks. What lies on another file
/// system of the container's comes back with that.
void ensure_mount_points(const setup::Plan& plan);

/// The sources: the plan's binds by destination, its device nodes, and the null device.
[[nodiscard]] std::vector<StagedMount> restored_sources(const setup::Plan& plan);

/// A file or directory, whatever path leads to it.
struct FileIdentity {
    dev_t device = 0;
    ino_t inode = 0;

    bool operator==(const FileIdentity&) const = default;
};

/// What must be found at a destination.
struct ExpectedMount {
    std::string destination;
    FileIdentity identity;
    bool readonly = false;  // must be; one that need not be may be
};

/// Taken before criu runs.
[[nodiscard]] std::vector<ExpectedMount> expected_mounts(const setup::Plan& plan);

/// Throws Error unless each expected mount is at its destination, read-only where it must be, and
/// no other mount shows anything else of the file systems that they and the root lie on. `root` is
/// the container's, `mounts` its mount table.
void verify_restored_mounts(
    const sys::RootDir& root,
    const std::vector<MountEntry>& mounts,
    const std::vector<ExpectedMount>& expected
);

}  // namespace corun::container
