// The container's root directory becomes a mount of its own. Child side, with the caller's ids: a
// directory above the rootfs may be closed to the container's root.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Step: attaches the rootfs at its own path and sets ctx.root. After set_propagation(), before the
/// ids are changed. With RootSwitch::chroot nothing is mounted.
void attach_rootfs(ChildContext& ctx);

}  // namespace corun::setup
