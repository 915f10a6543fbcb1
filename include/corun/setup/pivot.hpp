// From the host's root directory to the container's. Child side.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Step: makes ctx.root the root directory and "/" the working directory; the host's tree is gone
/// from the mount namespace (RootSwitch::pivot), or covered (move), or merely out of view (chroot).
void switch_root(ChildContext& ctx);

/// Step: final propagation of the root mount, and read-only if asked for. After the root switch and
/// after everything that writes into the rootfs.
void finish_rootfs(ChildContext& ctx);

}  // namespace corun::setup
