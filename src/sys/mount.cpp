// The new mount API. Runs in the parent (detached mounts) and in the child (attaching them).
#include "corun/sys/mount.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace corun::sys {

namespace {

unsigned recursion_flag(Depth depth) {
    return depth == Depth::recursive ? AT_RECURSIVE : 0U;
}

void set_attributes(
    FdRef directory, const char* path, unsigned flags, struct mount_attr& attributes
) {
    if (::syscall(
            SYS_mount_setattr, directory.number(), path, flags, &attributes, sizeof attributes
        ) < 0) {
        throw_errno("mount_setattr", path);
    }
}

struct mount_attr to_kernel(const MountAttributes& attributes) {
    struct mount_attr out = {};
    out.attr_set = attributes.set;
    out.attr_clr = attributes.clear;
    out.propagation = attributes.propagation;
    return out;
}

}  // namespace

UniqueFd clone_tree(FdRef directory, const std::string& path, Depth depth) {
    const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursion_flag(depth) |
                           (path.empty() ? AT_EMPTY_PATH : 0U);
    const long fd = ::syscall(SYS_open_tree, directory.number(), path.c_str(), flags);
    if (fd < 0) {
        throw_errno("open_tree", path);
    }
    return UniqueFd(static_cast<int>(fd));
}

void attach_mount(FdRef tree, FdRef target) {
    if (::syscall(
            SYS_move_mount,
            tree.number(),
            "",
            target.number(),
            "",
            MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH
        ) < 0) {
        throw_errno("move_mount");
    }
}

void mount_setattr(FdRef mount, const MountAttributes& attributes, Depth depth) {
    struct mount_attr kernel_attributes = to_kernel(attributes);
    set_attributes(mount, "", AT_EMPTY_PATH | recursion_flag(depth), kernel_attributes);
}

std::uint64_t mount_attributes(FdRef mount) {
    // <linux/statfs.h> and MOUNT_ATTR_*.
    constexpr std::array<std::pair<std::uint64_t, std::uint64_t>, 7> kFlags{{
        {ST_RDONLY, MOUNT_ATTR_RDONLY},
        {ST_NOSUID, MOUNT_ATTR_NOSUID},
        {ST_NODEV, MOUNT_ATTR_NODEV},
        {ST_NOEXEC, MOUNT_ATTR_NOEXEC},
        {ST_NOATIME, MOUNT_ATTR_NOATIME},
        {ST_NODIRATIME, MOUNT_ATTR_NODIRATIME},
        {0x2000 /* ST_NOSYMFOLLOW */, 0x00200000 /* MOUNT_ATTR_NOSYMFOLLOW */},
    }};
    struct statfs status = {};
    if (::fstatfs(mount.number(), &status) < 0) {
        throw_errno("fstatfs");
    }
    const auto flags = static_cast<std::uint64_t>(status.f_flags);
    std::uint64_t out = 0;
    for (const auto& [statfs_flag, attribute] : kFlags) {
        out |= (flags & statfs_flag) != 0 ? attribute : 0;
    }
    // Strict atime is the absence of the two others.
    return (flags & (ST_NOATIME | ST_RELATIME)) == 0 ? out | MOUNT_ATTR_STRICTATIME : out;
}

void mount_setattr_at(
    FdRef directory, const std::string& path, const MountAttributes& attributes, Depth depth
) {
    struct mount_attr kernel_attributes = to_kernel(attributes);
    set_attributes(directory, path.c_str(), recursion_flag(depth), kernel_attributes);
}

void mount_set_idmap(FdRef mount, FdRef user_namespace, Depth depth) {
    struct mount_attr attributes = {};
    attributes.attr_set = MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<std::uint64_t>(user_namespace.number());
    set_attributes(mount, "", AT_EMPTY_PATH | recursion_flag(depth), attributes);
}

FilesystemContext::FilesystemContext(const std::string& type) : type_(type) {
    const long fd = ::syscall(SYS_fsopen, type.c_str(), FSOPEN_CLOEXEC);
    if (fd < 0) {
        throw_errno("fsopen", type);
    }
    context_ = UniqueFd(static_cast<int>(fd));
}

FilesystemContext::FilesystemContext(UniqueFd context, std::string type)
    : context_(std::move(context)), type_(std::move(type)) {}

FilesystemContext FilesystemContext::of_mount(FdRef mount) {
    const long fd = ::syscall(SYS_fspick, mount.number(), "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
    if (fd < 0) {
        throw_errno("fspick");
    }
    return FilesystemContext(UniqueFd(static_cast<int>(fd)), "superblock");
}

void FilesystemContext::set_flag(const std::string& key) {
    configure(FSCONFIG_SET_FLAG, key.c_str(), nullptr, key.c_str());
}

void FilesystemContext::set_string(const std::string& key, const std::string& value) {
    configure(FSCONFIG_SET_STRING, key.c_str(), value.c_str(), key.c_str());
}

void FilesystemContext::set_options(const std::string& data) {
    std::string option;
    bool quoted = false;
    for (const char letter : data) {
        if (letter == '"') {
            quoted = !quoted;
        } else if (letter == ',' && !quoted) {
            set_option(option);
            option.clear();
        } else {
            option += letter;
        }
    }
    set_option(option);
}

void FilesystemContext::set_option(const std::string& option) {
    const std::size_t equals = option.find('=');
    if (option.empty()) {
        return;
    }
    if (equals == std::string::npos) {
        set_flag(option);
    } else {
        set_string(option.substr(0, equals), option.substr(equals + 1));
    }
}

void FilesystemContext::create() {
    configure(FSCONFIG_CMD_CREATE, nullptr, nullptr, "create");
}

void FilesystemContext::reconfigure() {
    configure(FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, "reconfigure");
}

UniqueFd FilesystemContext::mount(std::uint64_t attributes) const {
    const long fd = ::syscall(SYS_fsmount, context_.ref().number(), FSMOUNT_CLOEXEC, attributes);
    if (fd < 0) {
        const int error_number = errno;
        throw Error(concat("fsmount(\"", type_, "\")", kernel_message()), error_number);
    }
    return UniqueFd(static_cast<int>(fd));
}

void FilesystemContext::configure(
    unsigned command, const char* key, const char* value, const char* what
) const {
    if (::syscall(SYS_fsconfig, context_.ref().number(), command, key, value, 0) < 0) {
        const int error_number = errno;
        throw Error(
            concat("fsconfig(\"", type_, "\", \"", what, "\")", kernel_message()), error_number
        );
    }
}

std::string FilesystemContext::kernel_message() const {
    // The context is a message queue too: each read(2) takes one line such as `e tmpfs: Bad value`.
    std::array<char, 256> line{};
    const ssize_t length = ::read(context_.ref().number(), line.data(), line.size());
    if (length <= 2) {
        return {};
    }
    const std::string_view text(line.data(), static_cast<std::size_t>(length));
    return concat(": ", quote(trim(text.substr(2))));
}

MountPosition mount_position(FdRef fd) {
    struct statx status = {};
    // Asked for nothing but what the kernel knows without asking a (remote) file system.
    const int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
    if (::statx(fd.number(), "", flags, STATX_MNT_ID, &status) < 0) {
        throw_errno("statx");
    }
    return {
        .mount_id = status.stx_mnt_id,
        .is_root = (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0,
    };
}

void pivot_root(const std::string& new_root, const std::string& put_old) {
    if (::syscall(SYS_pivot_root, new_root.c_str(), put_old.c_str()) < 0) {
        throw_errno("pivot_root", new_root);
    }
}

void umount2(const std::string& target, int flags) {
    if (::umount2(target.c_str(), flags) < 0) {
        throw_errno("umount", target);
    }
}

bool try_umount2(const std::string& target, int flags) {
    if (::umount2(target.c_str(), flags) == 0) {
        return true;
    }
    if (errno == EINVAL || errno == EPERM) {
        return false;
    }
    throw_errno("umount", target);
}

}  // namespace corun::sys
