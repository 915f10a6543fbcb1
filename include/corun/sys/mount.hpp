// The new mount API (fsopen, open_tree, move_mount, mount_setattr), pivot_root and umount2.
// Mounts are made detached and attached to a verified descriptor; no path is resolved twice. (R1)
#pragma once

#include "corun/base/error.hpp"
#include "corun/sys/fd.hpp"

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace corun::sys {

enum class Depth { single, recursive };

/// open_tree(2) with OPEN_TREE_CLONE: a detached copy of the mount (and those below it) at `path`.
[[nodiscard]] UniqueFd clone_tree(FdRef directory, const std::string& path, Depth depth);

/// move_mount(2): attaches the detached mount `tree` on the object that `target` refers to.
void attach_mount(FdRef tree, FdRef target);

/// mount_setattr(2) on the mount that `mount` refers to.
struct MountAttributes {
    std::uint64_t set = 0;          // MOUNT_ATTR_*
    std::uint64_t clear = 0;        // MOUNT_ATTR_*
    std::uint64_t propagation = 0;  // MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE or 0

    [[nodiscard]] bool empty() const { return set == 0 && clear == 0 && propagation == 0; }
};

void mount_setattr(FdRef mount, const MountAttributes& attributes, Depth depth);

/// MOUNT_ATTR_* of the mount that `mount` refers to, and of its file system where that is read-only
/// (fstatfs(2)).
[[nodiscard]] std::uint64_t mount_attributes(FdRef mount);

/// As mount_setattr(), at a path below `directory`.
void mount_setattr_at(
    FdRef directory, const std::string& path, const MountAttributes& attributes, Depth depth
);

/// Makes `mount` (detached) idmapped by the user namespace `user_namespace`. Linux 5.12.
void mount_set_idmap(FdRef mount, FdRef user_namespace, Depth depth);

/// A file system being configured: fsopen(2), fsconfig(2), fsmount(2). Errors carry the kernel's
/// own message where it left one.
class FilesystemContext {
public:
    explicit FilesystemContext(const std::string& type);

    /// fspick(2): reconfigures the superblock of an existing mount.
    [[nodiscard]] static FilesystemContext of_mount(FdRef mount);

    void set_flag(const std::string& key);
    void set_string(const std::string& key, const std::string& value);

    /// Mount data as in mount(2)'s last argument: `key=value,flag,…`. A comma within double quotes
    /// does not end an option; the quotes are no part of the value.
    void set_options(const std::string& data);

    void create();
    void reconfigure();

    /// A detached mount with MOUNT_ATTR_* `attributes`.
    [[nodiscard]] UniqueFd mount(std::uint64_t attributes) const;

private:
    explicit FilesystemContext(UniqueFd context, std::string type);

    void set_option(const std::string& option);
    void configure(unsigned command, const char* key, const char* value, const char* what) const;
    [[nodiscard]] std::string kernel_message() const;

    UniqueFd context_;
    std::string type_;
};

/// Where an object lies: statx(2) STATX_MNT_ID, Linux 5.8. The id is unique while the mount exists.
struct MountPosition {
    std::uint64_t mount_id = 0;
    bool is_root = false;  // it is the root of that mount
};

[[nodiscard]] MountPosition mount_position(FdRef fd);

void pivot_root(const std::string& new_root, const std::string& put_old);
void umount2(const std::string& target, int flags);

/// False if the mount is locked (EINVAL) or the caller may not unmount (EPERM).
[[nodiscard]] bool try_umount2(const std::string& target, int flags);

/// Runs `make`, which makes a mount; nothing if the kernel forbids it (EPERM, EBUSY): to the
/// callers that is an answer.
template <class Make>
[[nodiscard]] std::optional<UniqueFd> unless_forbidden(Make&& make) {
    try {
        return std::forward<Make>(make)();
    } catch (const Error& error) {
        if (error.error_number() != EPERM && error.error_number() != EBUSY) {
            throw;
        }
        return std::nullopt;
    }
}

}  // namespace corun::sys
