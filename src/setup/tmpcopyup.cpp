// Copies a directory of the rootfs into a new tmpfs. Child side, as the container's root. Each
// entry is opened relative to its directory and looked at before it is used: a sibling may swap it.
#include "corun/setup/tmpcopyup.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <optional>
#include <string>

namespace corun::setup {

namespace {

constexpr int kMaxDepth = 64;
constexpr std::uint64_t kOneEntry = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

void copy_directory(sys::FdRef source, sys::FdRef target, int levels_left);

/// The label of a copy is that of its mount; all else is kept as far as tmpfs can.
void copy_extended_attributes(sys::FdRef source, sys::FdRef target) {
    for (const std::string& name : sys::list_extended_attributes(source)) {
        const bool is_kept_by_tmpfs =
            (name.starts_with("security.") && name != "security.selinux") ||
            name.starts_with("trusted.");
        if (is_kept_by_tmpfs) {
            sys::set_extended_attribute(target, name, sys::get_extended_attribute(source, name));
        }
    }
}

/// Owner first: chown(2) clears the set-id bits.
void copy_status(sys::FdRef source, sys::FdRef target, const struct stat& status) {
    sys::fchownat(target, "", status.st_uid, status.st_gid, AT_EMPTY_PATH);
    sys::fchmod(target, status.st_mode & 07777U);
    copy_extended_attributes(source, target);
}

void copy_file(sys::FdRef source, sys::FdRef directory, const std::string& name) {
    const struct stat status = sys::fstat(source);
    if (!S_ISREG(status.st_mode)) {
        throw Error("was changed while it was being copied");
    }
    const sys::UniqueFd target =
        sys::openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    sys::copy_contents(source, target);
    copy_status(source, target, status);
}

void copy_subdirectory(
    sys::FdRef source, sys::FdRef directory, const std::string& name, int levels_left
) {
    sys::mkdirat(directory, name, 0700);
    const sys::UniqueFd target = sys::openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    copy_directory(source, target, levels_left);
    copy_status(source, target, sys::fstat(source));
}

void copy_entry(sys::FdRef from, sys::FdRef to, const std::string& name, int levels_left) {
    const std::optional<struct stat> status = sys::try_fstatat(from, name, AT_SYMLINK_NOFOLLOW);
    if (!status) {
        return;  // removed meanwhile
    }
    if (S_ISLNK(status->st_mode)) {
        sys::symlinkat(sys::readlinkat(from, name), to, name);
    } else if (S_ISDIR(status->st_mode)) {
        const sys::UniqueFd source = sys::openat2(from, name, O_RDONLY | O_DIRECTORY, kOneEntry);
        copy_subdirectory(source, to, name, levels_left);
        return;
    } else if (S_ISREG(status->st_mode)) {
        // O_NONBLOCK: should it have become a fifo, this does not wait.
        const sys::UniqueFd source = sys::openat2(from, name, O_RDONLY | O_NONBLOCK, kOneEntry);
        copy_file(source, to, name);
        return;
    } else {
        (void)sys::try_mknodat(to, name, status->st_mode, status->st_rdev);  // the tmpfs is new
    }
    sys::fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW);
}

void copy_directory(sys::FdRef source, sys::FdRef target, int levels_left) {
    if (levels_left == 0) {
        throw Error(concat("directories are nested deeper than ", kMaxDepth, " levels"));
    }
    for (const std::string& name : sys::list_directory(source)) {
        in_context(
            [&] { return quote(name); }, [&] { copy_entry(source, target, name, levels_left - 1); }
        );
    }
}

}  // namespace

void copy_up(sys::FdRef source, sys::FdRef target) {
    in_context([] { return "copy up"; }, [&] { copy_directory(source, target, kMaxDepth); });
}

}  // namespace corun::setup
