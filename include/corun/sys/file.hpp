// Files by descriptor: open, read, write, stat, rename, lock. Thin wrappers with the man page's
// names.
#pragma once

#include "corun/base/scope.hpp"
#include "corun/sys/fd.hpp"

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::sys {

/// openat(2) with O_CLOEXEC added.
[[nodiscard]] UniqueFd openat(FdRef directory, const std::string& path, int flags, mode_t mode = 0);
[[nodiscard]] UniqueFd open(const std::string& path, int flags, mode_t mode = 0);

/// As openat(); nothing if the file or a directory on the way is absent (ENOENT, ENOTDIR).
[[nodiscard]] std::optional<UniqueFd> try_openat(
    FdRef directory, const std::string& path, int flags, mode_t mode = 0
);
[[nodiscard]] std::optional<UniqueFd> try_open(const std::string& path, int flags, mode_t mode = 0);

/// openat2(2): `resolve` is RESOLVE_*; O_CLOEXEC is added. Retried on EAGAIN (a racing rename).
[[nodiscard]] UniqueFd openat2(
    FdRef directory,
    const std::string& path,
    std::uint64_t flags,
    std::uint64_t resolve,
    mode_t mode = 0
);

/// As openat2(), but a failure is returned as errno in `error_number` and an empty fd.
[[nodiscard]] UniqueFd openat2_nothrow(
    FdRef directory,
    const std::string& path,
    std::uint64_t flags,
    std::uint64_t resolve,
    int& error_number,
    mode_t mode = 0
);

/// One read(2) into `buffer`, EINTR retried; 0 at end of file.
[[nodiscard]] std::size_t read_some(FdRef fd, char* buffer, std::size_t size);

/// At most `size` bytes from `offset` on (pread(2)); the file offset stays.
[[nodiscard]] std::string read_at(FdRef fd, std::size_t offset, std::size_t size);

/// lseek(2) to the beginning.
void seek_to_start(FdRef fd);

/// What one read(2) or write(2) did: bytes, or the errno of its failure.
struct Transferred {
    std::size_t size = 0;
    int error_number = 0;
};

/// One read(2) or write(2), EINTR retried, for callers to whom EAGAIN, EIO or EPIPE is an answer.
[[nodiscard]] Transferred try_read(FdRef fd, char* buffer, std::size_t size);
[[nodiscard]] Transferred try_write(FdRef fd, std::string_view data);

/// Everything up to end of file. Throws EFBIG when there are more than `limit` bytes.
[[nodiscard]] std::string read_all(FdRef fd, std::size_t limit);
[[nodiscard]] std::string read_file(
    FdRef directory, const std::string& path, std::size_t limit = 1 << 20
);
[[nodiscard]] std::optional<std::string> try_read_file(
    FdRef directory, const std::string& path, std::size_t limit = 1 << 20
);

/// Writes all of `data`, in as many write(2) as it takes.
void write_all(FdRef fd, std::string_view data);

/// Opens an existing file for writing and gives it `data` in one write(2), as /proc and cgroupfs
/// files demand.
void write_file(FdRef directory, const std::string& path, std::string_view data);

/// As write_file(); the errno of a failure (0: none), for callers to whom some failures are
/// answers.
[[nodiscard]] int write_file_errno(FdRef directory, const std::string& path, std::string_view data);

/// Writes `data` as `path` in one step: a new file `.<name>.tmp`, fsync'ed never, renamed over the
/// old. Without a crash of the machine a reader sees the old or the new text, nothing between.
void replace_file(FdRef directory, const std::string& name, std::string_view data, mode_t mode);

/// Makes `name`, which must not be there, and writes `data`.
void create_file(FdRef directory, const std::string& name, std::string_view data, mode_t mode);

/// Adds `data` to the end of `name`, in one write(2) where the file system takes it whole; makes
/// the file if it is missing.
void append_to_file(FdRef directory, const std::string& name, std::string_view data, mode_t mode);

/// ftruncate(2) to nothing, and the file offset back to the beginning.
void empty_file(FdRef fd);

/// ftruncate(2).
void truncate(FdRef fd, std::uint64_t size);

/// ftruncate(2) of what is beyond `size`. A shorter one stays as it is: it would get zeros.
void cut(FdRef fd, std::uint64_t size);

[[nodiscard]] struct stat fstat(FdRef fd);

/// stat(2) of a path that is given as the caller wrote it; 0 or an errno.
[[nodiscard]] int stat_errno(const std::string& path, struct stat& status);
[[nodiscard]] int lstat_errno(const std::string& path, struct stat& status);

/// fstatat(2); nothing when absent (ENOENT, ENOTDIR).
[[nodiscard]] std::optional<struct stat> try_fstatat(
    FdRef directory, const std::string& path, int flags = 0
);

/// File-system type magic of the file (fstatfs(2)).
[[nodiscard]] std::int64_t filesystem_type(FdRef fd);

/// The mount that the file was reached through, or its file system, is read-only (fstatvfs(3)).
[[nodiscard]] bool is_read_only(FdRef fd);

void mkdirat(FdRef directory, const std::string& path, mode_t mode);

/// False if it exists already (whatever it is).
[[nodiscard]] bool try_mkdirat(FdRef directory, const std::string& path, mode_t mode);

/// As mkdirat(); the errno of a failure (0: none), for callers to whom some failures are answers.
[[nodiscard]] int mkdirat_errno(FdRef directory, const std::string& path, mode_t mode);

/// rmdir(2) below `directory`; the errno of a failure (0: none).
[[nodiscard]] int rmdirat_errno(FdRef directory, const std::string& path);

/// mkdir -p of an absolute or cwd-relative path on the *host* (never in a rootfs: sys::RootDir for
/// that).
void make_directories(const std::string& path, mode_t mode);

/// mknod(2): a device, a fifo or an empty regular file; the umask applies. False if something is
/// there already (whatever it is).
[[nodiscard]] bool try_mknodat(FdRef directory, const std::string& path, mode_t mode, dev_t device);

/// The process's umask is `mask` while this lives: for modes that must come out exactly as asked,
/// where a chmod(2) afterwards could hit another file.
class ScopedUmask : NonCopyable {
public:
    explicit ScopedUmask(mode_t mask);
    ~ScopedUmask();

    ScopedUmask(const ScopedUmask&) = delete;
    ScopedUmask& operator=(const ScopedUmask&) = delete;
    ScopedUmask(ScopedUmask&&) = delete;
    ScopedUmask& operator=(ScopedUmask&&) = delete;

private:
    mode_t previous_;
};

void unlinkat(FdRef directory, const std::string& path, int flags = 0);

/// False if it was absent.
[[nodiscard]] bool try_unlinkat(FdRef directory, const std::string& path, int flags = 0);

/// symlink(2); false if something is there already.
[[nodiscard]] bool try_symlinkat(
    const std::string& target, FdRef directory, const std::string& path
);
void symlinkat(const std::string& target, FdRef directory, const std::string& path);
void renameat(
    FdRef old_directory,
    const std::string& old_path,
    FdRef new_directory,
    const std::string& new_path
);
void fchownat(FdRef directory, const std::string& path, uid_t uid, gid_t gid, int flags = 0);
void fchmod(FdRef fd, mode_t mode);

/// Copies what `from` holds from its position to its end to `to`, within the kernel (sendfile(2)).
void copy_contents(FdRef from, FdRef to);

/// Extended attributes of an open file (not O_PATH): their names, and the value of one.
[[nodiscard]] std::vector<std::string> list_extended_attributes(FdRef fd);
[[nodiscard]] std::string get_extended_attribute(FdRef fd, const std::string& name);
void set_extended_attribute(FdRef fd, const std::string& name, std::string_view value);

/// fchown(2) of the owner alone; the errno (0: done), for callers to whom some failures are
/// answers.
[[nodiscard]] int fchown_errno(FdRef fd, uid_t uid);

/// Whether the effective ids may execute the file (faccessat(2), AT_EACCESS); 0 or an errno.
[[nodiscard]] int execute_access_errno(const std::string& path);

/// The mount that the file is on has the flag noexec; false also if that cannot be found out.
[[nodiscard]] bool is_mounted_noexec(const std::string& path);

/// Whether the effective ids may write the file, or make files in the directory; 0 or an errno.
[[nodiscard]] int write_access_errno(FdRef directory, const std::string& path);

/// Target of a symlink; of the link itself when `path` is "" and `directory` an O_PATH|O_NOFOLLOW
/// fd.
[[nodiscard]] std::string readlinkat(FdRef directory, const std::string& path);

/// Absolute path without symlinks, as realpath(3).
[[nodiscard]] std::string real_path(const std::string& path);

/// Names in a directory without "." and "..", unordered.
[[nodiscard]] std::vector<std::string> list_directory(FdRef directory);

/// Those of them that are directories. For file systems that fill in d_type (all of the kernel's
/// own).
[[nodiscard]] std::vector<std::string> list_subdirectories(FdRef directory);

/// Exclusive flock(2) that waits.
void lock_exclusive(FdRef fd);

/// Exclusive flock(2); false if another holds it.
[[nodiscard]] bool try_lock_exclusive(FdRef fd);

/// Shared flock(2); false if another holds it exclusively.
[[nodiscard]] bool try_lock_shared(FdRef fd);

/// Lets go of the flock(2), also where a child has inherited a copy of the descriptor, whose lock
/// it shares.
void unlock(FdRef fd);

/// An anonymous file in memory (memfd_create(2)), sealable.
[[nodiscard]] UniqueFd memfd_create(const std::string& name);

}  // namespace corun::sys
