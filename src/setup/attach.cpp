// Mounts go onto descriptors; the path is looked up once more only to see that it was not changed
// meanwhile. Child side; the tree below the root is an adversary's.
#include "corun/setup/attach.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/mount.hpp"

#include <fcntl.h>

#include <utility>

namespace corun::setup {

MountTarget ensure_directory_target(
    const sys::RootDir& root, std::string path, sys::Symlinks symlinks
) {
    sys::UniqueFd object = root.ensure_directory(path, symlinks);
    return {std::move(path), symlinks, std::move(object)};
}

MountTarget ensure_file_target(const sys::RootDir& root, std::string path, sys::Symlinks symlinks) {
    sys::UniqueFd object = root.ensure_file(path, symlinks);
    return {std::move(path), symlinks, std::move(object)};
}

void attach_verified(const sys::RootDir& root, const MountTarget& target, sys::FdRef tree) {
    sys::attach_mount(tree, target.object);
    const sys::UniqueFd found = target.symlinks == sys::Symlinks::refuse
                                    ? root.open_without_symlinks(target.path, O_PATH)
                                    : root.open(target.path, O_PATH);
    const sys::MountPosition position = sys::mount_position(found);
    if (!position.is_root || position.mount_id != sys::mount_position(tree).mount_id) {
        throw Error("the path was changed while it was being mounted on");
    }
}

}  // namespace corun::setup
