// From the host's root directory to the container's. Child side.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Step: makes ctx.root the root directory and "/" the working directory; the host's tree is gone
/// from the mount namespace (RootSwitch::pivot), or covered (move), or merely out of view (chroot).
void switch_root(ChildContext& ctx);

/// pivot_root(2): the mount that `root` refers to becomes the root directory and "/" the working
/// directory. What was the root is gone from the namespace; if it is shared, not from its peers'.
void pivot_to(sys::FdRef root, bool old_root_is_shared = false);

/// Step: final propagation of the root mount, and read-only if asked for. After the root switch and
/// after everything that writes into the rootfs.
void finish_rootfs(ChildContext& ctx);

}  // namespace corun::setup
