// Leaves the host's tree. Child side, with CAP_SYS_ADMIN in the user namespace that owns the mount
// namespace. Nothing here may propagate to the host.
#include "corun/setup/pivot.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/procfs.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sys/mount.h>

#include <string>
#include <string_view>
#include <vector>

namespace corun::setup {

namespace {

constexpr std::size_t kMountinfoLimit = 64U << 20U;

/// `\040` and the like, as mountinfo writes blanks in paths. proc_pid_mountinfo(5)
std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto code =
            text[i] == '\\' ? parse_number<unsigned char>(text.substr(i + 1, 3), 8) : std::nullopt;
        out += code ? static_cast<char>(*code) : text[i];
        i += code ? 3 : 0;
    }
    return out;
}

bool is_at_or_below(std::string_view path, std::string_view top) {
    return path == top || (path.starts_with(top) && path[top.size()] == '/');
}

/// Mount points of whole procfs and sysfs instances outside the rootfs, from a mountinfo text.
std::vector<std::string> kernel_mounts(std::string_view mountinfo, std::string_view rootfs) {
    std::vector<std::string> out;
    for (const std::string_view line : split(mountinfo, '\n')) {
        // id parent major:minor root mount-point options [fields …] - type source super-options
        const std::vector<std::string_view> fields = split(line, ' ');
        const std::size_t separator = line.find(" - ");
        if (fields.size() < 5 || separator == std::string_view::npos || fields[3] != "/") {
            continue;
        }
        const std::string_view type = split(line.substr(separator + 3), ' ').front();
        std::string point = unescape(fields[4]);
        if ((type == "proc" || type == "sysfs") && !is_at_or_below(point, rootfs)) {
            out.push_back(std::move(point));
        }
    }
    return out;
}

void cover(const std::string& path) {
    sys::FilesystemContext context("tmpfs");
    context.create();
    const sys::UniqueFd tree = context.mount(MOUNT_ATTR_RDONLY);
    const sys::UniqueFd place = sys::open(path, O_PATH | O_DIRECTORY);
    sys::attach_mount(tree, place);
}

/// With the host's tree merely covered, its procfs and sysfs stay in the namespace; the kernel
/// would then let the container mount unmasked ones.
void remove_kernel_mounts(const ChildContext& ctx) {
    const sys::UniqueFd proc = open_private_proc(ProcContent::processes);
    const sys::UniqueFd file = open_own_entry(proc, "mountinfo", O_RDONLY);
    const std::string mountinfo = sys::read_all(file, kMountinfoLimit);
    for (const std::string& path : kernel_mounts(mountinfo, ctx.plan.rootfs.path)) {
        if (!sys::try_fstatat(sys::FdRef::cwd(), path)) {
            continue;  // it went with one above it
        }
        sys::mount_setattr_at(
            sys::FdRef::cwd(), path, {.propagation = MS_SLAVE}, sys::Depth::recursive
        );
        if (!sys::try_umount2(path, MNT_DETACH)) {
            cover(path);
        }
    }
}

void enter_by_chroot(const ChildContext& ctx) {
    sys::fchdir(ctx.root->fd());
    sys::chroot(".");
    sys::chdir("/");
}

void move(const ChildContext& ctx) {
    remove_kernel_mounts(ctx);
    const sys::UniqueFd old_root = sys::open("/", O_PATH | O_DIRECTORY);
    sys::attach_mount(ctx.root->fd(), old_root);
    enter_by_chroot(ctx);
}

}  // namespace

void pivot_to(sys::FdRef root, bool old_root_is_shared) {
    const sys::UniqueFd old_root = sys::open("/", O_PATH | O_DIRECTORY);
    sys::fchdir(root);
    sys::pivot_root(".", ".");
    // The old tree now lies on top of the new root. Unmounting a shared one would unmount it on the
    // host as well.
    if (old_root_is_shared) {
        sys::mount_setattr(old_root, {.propagation = MS_SLAVE}, sys::Depth::recursive);
    }
    sys::fchdir(old_root);
    sys::umount2(".", MNT_DETACH);
    sys::chdir("/");
}

void switch_root(ChildContext& ctx) {
    switch (ctx.plan.rootfs.root_switch) {
        case RootSwitch::pivot:
            pivot_to(ctx.root->fd(), ctx.plan.rootfs.propagation == MS_SHARED);
            return;
        case RootSwitch::move:
            move(ctx);
            return;
        case RootSwitch::chroot:
            enter_by_chroot(ctx);
            return;
    }
}

void finish_rootfs(ChildContext& ctx) {
    const RootfsPlan& rootfs = ctx.plan.rootfs;
    if (rootfs.root_switch == RootSwitch::chroot) {
        // ctx.root may be a mount of the host's: that would change with it.
        throw Error("the root directory is not a mount of the container's own");
    }
    if (rootfs.final_propagation != 0) {
        const bool recursive = (rootfs.final_propagation & MS_REC) != 0;
        sys::mount_setattr(
            ctx.root->fd(),
            {.propagation = rootfs.final_propagation & ~std::uint64_t{MS_REC}},
            recursive ? sys::Depth::recursive : sys::Depth::single
        );
    }
    if (rootfs.readonly) {
        sys::mount_setattr(ctx.root->fd(), {.set = MOUNT_ATTR_RDONLY}, sys::Depth::single);
    }
    for (const sys::UniqueFd& mount : ctx.late_readonly) {
        sys::mount_setattr(mount, {.set = MOUNT_ATTR_RDONLY}, sys::Depth::single);
    }
    ctx.late_readonly.clear();
}

}  // namespace corun::setup
