// Makes the rootfs a mount. Child side, in the container's mount namespace, but with the caller's
// ids still: the directories above the rootfs may be closed to the container's root.
#include "corun/setup/rootfs.hpp"

#include "corun/base/error.hpp"
#include "corun/setup/bind_source.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"

#include <fcntl.h>
#include <sys/mount.h>

#include <cerrno>
#include <utility>

namespace corun::setup {

namespace {

/// The root of the mount that `directory` lies in.
sys::UniqueFd mount_root_of(sys::FdRef directory) {
    sys::UniqueFd place = sys::openat(directory, ".", O_PATH | O_DIRECTORY);
    while (!sys::mount_position(place).is_root) {
        place = sys::openat(place, "..", O_PATH | O_DIRECTORY);
    }
    return place;
}

/// Where the tree is attached: at its own path, if that is in sight. The parent may have come
/// through a directory that is closed to who has capabilities in the new user namespace alone;
/// then, what it cloned there is attached over the root directory, which is as good until the root
/// switch.
sys::UniqueFd place_of(const Plan& plan) {
    if (plan.namespaces.bare_mounts) {
        return sys::open("/", O_PATH | O_DIRECTORY);
    }
    const RootfsPlan& rootfs = plan.rootfs;
    int error_number = 0;
    sys::UniqueFd place =
        sys::openat2_nothrow(sys::FdRef::cwd(), rootfs.path, O_PATH | O_DIRECTORY, 0, error_number);
    if (!place && error_number == EACCES && rootfs.source.tree) {
        return sys::open("/", O_PATH | O_DIRECTORY);
    }
    if (!place) {
        throw_errno_value(error_number, "open", rootfs.path);
    }
    return place;
}

}  // namespace

void attach_rootfs(ChildContext& ctx) {
    const RootfsPlan& rootfs = ctx.plan.rootfs;
    sys::UniqueFd place = place_of(ctx.plan);
    if (rootfs.root_switch == RootSwitch::chroot) {
        ctx.root.emplace(std::move(place));
        return;
    }
    sys::UniqueFd tree = rootfs.source.tree ? sys::duplicate(rootfs.source.tree)
                                            : sys::clone_tree(place, "", rootfs.source.depth);
    if (rootfs.propagation == MS_SHARED) {
        // pivot_root(2) refuses a new root below a shared mount; and a root that is a peer of the
        // host's would show every mount of the container there.
        sys::mount_setattr(mount_root_of(place), {.propagation = MS_PRIVATE}, sys::Depth::single);
        sys::mount_setattr(tree, {.propagation = MS_SLAVE}, sys::Depth::recursive);
    }
    sys::attach_mount(tree, place);
    ctx.root.emplace(std::move(tree));
}

}  // namespace corun::setup
