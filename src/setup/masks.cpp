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

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace corun::setup {

namespace {

bool is_below(const std::string& path, std::string_view top) {
    return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

constexpr std::array<std::string_view, 3> kKernelTrees = {"/proc", "/sys", "/dev"};

/// The file system that the document has at `top`: *_MAGIC; 0: it does not say.
std::int64_t wanted_filesystem(const Plan& plan, std::string_view top) {
    std::int64_t magic = 0;
    for (const MountPlan& mount : plan.mounts) {
        if (sys::clean_absolute(mount.destination) == top) {
            const bool is_new = mount.kind == MountKind::filesystem;
            magic = is_new && mount.type == "proc"    ? PROC_SUPER_MAGIC
                    : is_new && mount.type == "sysfs" ? SYSFS_MAGIC
                                                      : 0;
        }
    }
    return magic;
}

/// What a path leads to, and the directory that it is to be looked up below.
struct Place {
    const sys::RootDir& root;
    MountTarget target;
};

/// Looks up what is to be covered. A tree of the kernel's is opened once and must be what the
/// document mounts there: a sibling that has renamed /proc would have its files skipped as absent,
/// and find them uncovered where the mount went. (CVE-2025-31133)
class Places {
public:
    explicit Places(const ChildContext& ctx) : ctx_(ctx) {
        for (std::size_t i = 0; i < kKernelTrees.size(); ++i) {
            wanted_[i] = wanted_filesystem(ctx.plan, kKernelTrees[i]);
        }
    }

    /// The target of a symlink is what is meant, as in the container's own view. In the kernel's
    /// trees only where they are known to be the kernel's: there /proc/net is one, elsewhere it is
    /// the image's.
    [[nodiscard]] std::optional<Place> find(const std::string& path) {
        const std::string clean = sys::clean_absolute(path);
        for (std::size_t i = 0; i < kKernelTrees.size(); ++i) {
            if (clean == kKernelTrees[i]) {
                return find_below(*ctx_.root, clean, sys::Symlinks::refuse);
            }
            if (is_below(clean, kKernelTrees[i])) {
                const std::string rest = clean.substr(kKernelTrees[i].size());
                return open_tree(i) ? find_below(*trees_[i], rest, symlinks_in(i)) : std::nullopt;
            }
        }
        return find_below(*ctx_.root, clean, sys::Symlinks::follow);
    }

private:
    static std::optional<Place> find_below(
        const sys::RootDir& root, const std::string& path, sys::Symlinks symlinks
    ) {
        std::optional<MountTarget> target = find_target(root, path, symlinks);
        if (!target) {
            return std::nullopt;
        }
        return Place{.root = root, .target = std::move(*target)};
    }

    [[nodiscard]] sys::Symlinks symlinks_in(std::size_t index) const {
        return wanted_[index] != 0 ? sys::Symlinks::follow : sys::Symlinks::refuse;
    }

    /// False where there is none.
    [[nodiscard]] bool open_tree(std::size_t index) {
        if (trees_[index]) {
            return true;
        }
        const std::string top(kKernelTrees[index]);
        std::optional<sys::UniqueFd> tree =
            ctx_.root->try_open_without_symlinks(top, O_PATH | O_DIRECTORY);
        if (wanted_[index] != 0 && (!tree || sys::filesystem_type(*tree) != wanted_[index])) {
            throw Error(concat(quote(top), " was changed since it was mounted"));
        }
        if (tree) {
            trees_[index].emplace(std::move(*tree));
        }
        return tree.has_value();
    }

    const ChildContext& ctx_;
    std::array<std::int64_t, kKernelTrees.size()> wanted_ = {};  // wanted_filesystem() of each
    std::array<std::optional<sys::RootDir>, kKernelTrees.size()> trees_;
};

/// A detached mount that is attached in many places. Before Linux 6.15 only an attached mount can
/// be cloned, so the first place gets the mount itself and the others clones of it.
class SharedMount {
public:
    explicit SharedMount(sys::UniqueFd mount) : mount_(std::move(mount)) {}

    void attach(const Place& place) {
        if (!attached_) {
            attach_verified(place.root, place.target, mount_);
            attached_ = true;
            return;
        }
        const sys::UniqueFd copy = sys::clone_tree(mount_, "", sys::Depth::single);
        attach_verified(place.root, place.target, copy);
    }

private:
    sys::UniqueFd mount_;
    bool attached_ = false;
};

void make_readonly(const Place& place) {
    // Recursive: a part of a mount cannot be cloned without the covers on it, and what is mounted
    // below stays in view. Read-only is the directory's own mount alone, as with runc.
    const sys::UniqueFd tree = sys::clone_tree(place.target.object, "", sys::Depth::recursive);
    sys::mount_setattr(tree, {.set = MOUNT_ATTR_RDONLY}, sys::Depth::single);
    attach_verified(place.root, place.target, tree);
}

}  // namespace

sys::UniqueFd make_empty_directory(const std::string& data) {
    sys::FilesystemContext context("tmpfs");
    context.set_flag("ro");
    context.set_options(data);
    context.create();
    return context.mount(
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC
    );
}

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
    Places places(ctx);
    for (const std::string& path : ctx.plan.masks.masked) {
        in_context(
            [&] { return concat("mask ", quote(path)); },
            [&] {
                const std::optional<Place> place = places.find(path);
                if (!place) {
                    return;
                }
                if (!S_ISDIR(sys::fstat(place->target.object).st_mode)) {
                    null_device.attach(*place);
                    return;
                }
                if (!empty_directory) {
                    empty_directory.emplace(make_empty_directory(ctx.plan.masks.tmpfs_data));
                }
                empty_directory->attach(*place);
            }
        );
    }
}

void make_paths_readonly(ChildContext& ctx) {
    Places places(ctx);
    for (const std::string& path : ctx.plan.masks.readonly) {
        in_context(
            [&] { return concat("make ", quote(path), " read-only"); },
            [&] {
                const std::optional<Place> place = places.find(path);
                if (place) {
                    make_readonly(*place);
                }
            }
        );
    }
}

}  // namespace corun::setup
