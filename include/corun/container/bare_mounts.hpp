// The bare mount namespace: nothing is mounted in it but an empty, read-only file system. A new
// mount namespace is a copy, and the kernel copies mount by mount: on a host with thousands of them
// that takes longer than all the rest of a start, and as long again at its end. A copy of the bare
// one costs the same everywhere. What a container is given of the host is cloned beforehand.
//
// It is kept as a mount (of its file in nsfs, in a small tmpfs) in the state root, made by the
// first start that finds the host's table long. Parent side, root on the host.
#pragma once

#include "corun/setup/plan.hpp"
#include "corun/sys/fd.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace corun::container {

/// The one that is kept; nothing if none is.
[[nodiscard]] std::optional<sys::UniqueFd> open_bare_mounts(const std::string& state_root);

/// Makes one and keeps it, if the host has so many mounts that it pays. False if it did not, or
/// another process is at it. Throws Error.
[[nodiscard]] bool keep_bare_mounts(const std::string& state_root);

/// A clone3(2) that takes longer has more to copy than a usual host's mounts, or the machine is
/// busy.
inline constexpr std::chrono::microseconds kLongBirth{800};

/// Has the plan's process start from `bare` (which outlives the plan), not from a copy of the
/// host's mounts, if it needs nothing that is to be found in the latter alone: hooks that run
/// before the root switch, sources that the child is to clone.
void start_from_bare_mounts(sys::FdRef bare, setup::Plan& plan);

}  // namespace corun::container
