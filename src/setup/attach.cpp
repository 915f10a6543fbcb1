// Mounts go onto descriptors; the path is looked up once more only to see that it was not changed
// meanwhile. Child side; the tree below the root is an adversary's.
#include "corun/setup/attach.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>

#include <utility>

namespace corun::setup {

namespace {

MountTarget make_target(std::string path, sys::Symlinks symlinks, sys::UniqueFd object) {
    const std::int64_t type = sys::filesystem_type(object);
    return {std::move(path), symlinks, std::move(object), type};
}

std::optional<sys::UniqueFd> look_up(
    const sys::RootDir& root, const std::string& path, sys::Symlinks symlinks
) {
    switch (symlinks) {
        case sys::Symlinks::refuse:
            return root.try_open_without_symlinks(path, O_PATH);
        case sys::Symlinks::keep_last:
            return root.try_open(path, O_PATH | O_NOFOLLOW);
        case sys::Symlinks::follow:
            return root.try_open(path, O_PATH);
    }
    return std::nullopt;
}

bool can_be_renamed(const MountTarget& target) {
    return target.filesystem_type != PROC_SUPER_MAGIC && target.filesystem_type != SYSFS_MAGIC;
}

}  // namespace

MountTarget ensure_directory_target(
    const sys::RootDir& root, std::string path, sys::Symlinks symlinks
) {
    sys::UniqueFd object = root.ensure_directory(path, symlinks);
    return make_target(std::move(path), symlinks, std::move(object));
}

MountTarget ensure_file_target(const sys::RootDir& root, std::string path, sys::Symlinks symlinks) {
    sys::UniqueFd object = root.ensure_file(path, symlinks);
    return make_target(std::move(path), symlinks, std::move(object));
}

std::optional<MountTarget> find_target(
    const sys::RootDir& root, std::string path, sys::Symlinks symlinks
) {
    std::optional<sys::UniqueFd> object = look_up(root, path, symlinks);
    if (!object) {
        return std::nullopt;
    }
    return make_target(std::move(path), symlinks, std::move(*object));
}

void attach_verified(const sys::RootDir& root, const MountTarget& target, sys::FdRef tree) {
    sys::attach_mount(tree, target.object);
    if (!can_be_renamed(target)) {
        return;
    }
    const std::optional<sys::UniqueFd> found = look_up(root, target.path, target.symlinks);
    if (!found || sys::mount_position(*found).mount_id != sys::mount_position(tree).mount_id) {
        throw Error("the path was changed while it was being mounted on");
    }
}

}  // namespace corun::setup
