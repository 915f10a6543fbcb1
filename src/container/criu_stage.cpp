// The stage of a restore. Child side of criu's start: root on the host, in a new mount namespace.
#include "corun/container/criu_stage.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>

namespace corun::container {

namespace {

constexpr const char* kRootName = "root";

std::string mount_name(std::size_t index) {
    return concat("mount-", index);
}

sys::UniqueFd make_place(sys::FdRef directory, const std::string& name, bool is_directory) {
    if (is_directory) {
        sys::mkdirat(directory, name, 0700);
        return sys::openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    }
    return sys::openat(directory, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
}

sys::UniqueFd make_tmpfs() {
    sys::FilesystemContext context("tmpfs");
    context.set_string("mode", "0700");
    context.create();
    return context.mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

}  // namespace

std::string staged_root(const CriuStage& stage) {
    return concat(stage.directory, "/", kRootName);
}

std::string staged_mount(const CriuStage& stage, std::size_t index) {
    return concat(stage.directory, "/", mount_name(index));
}

void build_stage(const CriuStage& stage) {
    // Before anything is attached: a mount must not travel back to the host.
    sys::mount_setattr_at(sys::FdRef::cwd(), "/", {.propagation = MS_SLAVE}, sys::Depth::recursive);
    const sys::UniqueFd tmpfs = make_tmpfs();
    sys::attach_mount(tmpfs, sys::open(stage.directory, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    sys::attach_mount(stage.root, make_place(tmpfs, kRootName, true));
    for (std::size_t i = 0; i < stage.mounts.size(); ++i) {
        const StagedMount& mount = stage.mounts[i];
        in_context(
            [&] { return concat("mount ", quote(mount.name)); },
            [&] {
                sys::attach_mount(mount.tree, make_place(tmpfs, mount_name(i), mount.is_directory));
            }
        );
    }
}

}  // namespace corun::container
