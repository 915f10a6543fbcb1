// A procfs that only this process can reach (R2): whatever a rootfs or a sibling mounts over /proc,
// labels and sysctls go to the kernel. Child side, in the container's pid namespace.
// Never writes through a path that starts at "/".
#pragma once

#include "corun/setup/step.hpp"
#include "corun/sys/fd.hpp"

#include <string>
#include <string_view>

namespace corun::setup {

/// What a procfs shows: processes alone, or the kernel's files (sys, sysrq-trigger, …) as well.
enum class ProcContent { processes, everything };

/// A detached, verified procfs. Where a new one is forbidden (a user namespace in which the host's
/// procfs is partly masked, or that does not own the pid namespace) a clone of the one at /proc.
/// Must run before the root switch; a handle to `everything` is to be closed soon.
[[nodiscard]] sys::UniqueFd open_private_proc(ProcContent content);

/// Opens `path` below a procfs: no symlink and no mount is crossed on the way.
[[nodiscard]] sys::UniqueFd open_in_proc(sys::FdRef proc, const std::string& path, int flags);

/// Opens `path` of the calling thread's own directory (`attr/exec`, `mountinfo`, …).
[[nodiscard]] sys::UniqueFd open_own_entry(sys::FdRef proc, const std::string& path, int flags);

/// Step: opens ctx.proc. After the user namespace is set up, before the root switch.
void open_own_proc(ChildContext& ctx);

/// Writes an attribute of the calling thread, such as `attr/apparmor/exec`, through ctx.proc.
void write_own_attribute(
    const ChildContext& ctx, const std::string& attribute, std::string_view value
);

}  // namespace corun::setup
