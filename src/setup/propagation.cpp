// Cuts the mount namespace off from the host's. Child side, first in a new mount namespace.
#include "corun/setup/propagation.hpp"

#include "corun/sys/mount.hpp"

namespace corun::setup {

void set_propagation(ChildContext& ctx) {
    sys::mount_setattr_at(
        sys::FdRef::cwd(), "/", {.propagation = ctx.plan.rootfs.propagation}, sys::Depth::recursive
    );
}

}  // namespace corun::setup
