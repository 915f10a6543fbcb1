// Hides paths from the container and protects others from it. Child side, as the container's root,
// after the root switch. What masks never comes from the rootfs. (CVE-2025-31133)
#include "corun/setup/masks.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/attach.hpp"
#include "corun/setup/bind_source.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <optional>
#include <utility>

namespace corun::setup {

namespace {

/// A detached mount that is attached in many places. Before Linux 6.15 only an attached mount can
/// be cloned, so the first place gets the mount itself and the others clones of it.
class SharedMount {
public:
    explicit SharedMount(sys::UniqueFd mount) : mount_(std::move(mount)) {}

    void attach(const sys::RootDir& root, const MountTarget& target) {
        if (!attached_) {
            attach_verified(root, target, mount_);
            attached_ = true;
            return;
        }
        const sys::UniqueFd copy = sys::clone_tree(mount_, "", sys::Depth::single);
        attach_verified(root, target, copy);
    }

private:
    sys::UniqueFd mount_;
    bool attached_ = false;
};

bool is_below(const std::string& path, std::string_view top) {
    return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

/// What is there, if anything. No symlink in the kernel's own trees; elsewhere, as in the
/// container's own view, the target of a symlink is what is meant.
std::optional<MountTarget> find(const sys::RootDir& root, const std::string& path) {
    std::string clean = sys::clean_absolute(path);
    const bool is_kernels =
        is_below(clean, "/proc") || is_below(clean, "/sys") || is_below(clean, "/dev");
    return find_target(
        root, std::move(clean), is_kernels ? sys::Symlinks::refuse : sys::Symlinks::follow
    );
}

sys::UniqueFd make_empty_directory(const std::string& data) {
    sys::FilesystemContext context("tmpfs");
    context.set_flag("ro");
    context.set_options(data);
    context.create();
    return context.mount(
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC
    );
}

void make_readonly(const sys::RootDir& root, const MountTarget& target) {
    // Recursive: a part of a mount cannot be cloned without the covers on it, and what is mounted
    // below stays in view. Read-only is the directory's own mount alone, as with runc.
    const sys::UniqueFd tree = sys::clone_tree(target.object, "", sys::Depth::recursive);
    sys::mount_setattr(tree, {.set = MOUNT_ATTR_RDONLY}, sys::Depth::single);
    attach_verified(root, target, tree);
}

}  // namespace

void take_null_device(ChildContext& ctx) {
    const BindSource& source = ctx.plan.masks.null_device;
    sys::UniqueFd device = take_tree(source);
    const struct stat status = sys::fstat(device);
    if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3)) {
        throw Error(concat(quote(source.path), " is not the null device"));
    }
    ctx.null_device = std::move(device);
}

void mask_paths(ChildContext& ctx) {
    SharedMount null_device(std::move(ctx.null_device));
    std::optional<SharedMount> empty_directory;
    for (const std::string& path : ctx.plan.masks.masked) {
        in_context(
            [&] { return concat("mask ", quote(path)); },
            [&] {
                const std::optional<MountTarget> target = find(*ctx.root, path);
                if (!target) {
                    return;
                }
                if (!S_ISDIR(sys::fstat(target->object).st_mode)) {
                    null_device.attach(*ctx.root, *target);
                    return;
                }
                if (!empty_directory) {
                    empty_directory.emplace(make_empty_directory(ctx.plan.masks.tmpfs_data));
                }
                empty_directory->attach(*ctx.root, *target);
            }
        );
    }
}

void make_paths_readonly(ChildContext& ctx) {
    for (const std::string& path : ctx.plan.masks.readonly) {
        in_context(
            [&] { return concat("make ", quote(path), " read-only"); },
            [&] {
                const std::optional<MountTarget> target = find(*ctx.root, path);
                if (target) {
                    make_readonly(*ctx.root, *target);
                }
            }
        );
    }
}

}  // namespace corun::setup
