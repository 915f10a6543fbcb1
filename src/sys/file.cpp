// Files by descriptor. Thin wrappers: one syscall each, errors with call and object. Any process.
#include "corun/sys/file.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/uapi.hpp"

#include <climits>

#include <dirent.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>

namespace corun::sys {

namespace {

bool is_absence(int error_number) {
    return error_number == ENOENT || error_number == ENOTDIR;
}

int openat_raw(FdRef directory, const std::string& path, int flags, mode_t mode) {
    int fd = -1;
    do {
        fd = ::openat(directory.number(), path.c_str(), flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

bool try_flock(FdRef fd, int kind) {
    if (::flock(fd.number(), kind | LOCK_NB) == 0) {
        return true;
    }
    if (errno == EWOULDBLOCK) {
        return false;
    }
    throw_errno("flock");
}

/// Names that `wanted` accepts, without "." and "..".
std::vector<std::string> list_entries(FdRef directory, bool (*wanted)(const dirent&)) {
    UniqueFd own = openat(directory, ".", O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own.ref().number()), ::closedir);
    if (!stream) {
        throw_errno("fdopendir");
    }
    (void)own.release();  // closedir() closes it from here on
    std::vector<std::string> names;
    // The stream is this function's own, so readdir(3) is safe with threads.
    while (const dirent* entry =
               ::readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe): as above
        const std::string_view name = static_cast<const char*>(entry->d_name);
        if (name != "." && name != ".." && wanted(*entry)) {
            names.emplace_back(name);
        }
    }
    return names;
}

}  // namespace

UniqueFd openat(FdRef directory, const std::string& path, int flags, mode_t mode) {
    const int fd = openat_raw(directory, path, flags, mode);
    if (fd < 0) {
        throw_errno("open", path);
    }
    return UniqueFd(fd);
}

UniqueFd open(const std::string& path, int flags, mode_t mode) {
    return openat(FdRef::cwd(), path, flags, mode);
}

std::optional<UniqueFd> try_openat(
    FdRef directory, const std::string& path, int flags, mode_t mode
) {
    const int fd = openat_raw(directory, path, flags, mode);
    if (fd < 0 && is_absence(errno)) {
        return std::nullopt;
    }
    if (fd < 0) {
        throw_errno("open", path);
    }
    return UniqueFd(fd);
}

std::optional<UniqueFd> try_open(const std::string& path, int flags, mode_t mode) {
    return try_openat(FdRef::cwd(), path, flags, mode);
}

UniqueFd openat2_nothrow(
    FdRef directory,
    const std::string& path,
    std::uint64_t flags,
    std::uint64_t resolve,
    int& error_number,
    mode_t mode
) {
    struct open_how how = {};
    how.flags = flags | O_CLOEXEC;
    how.resolve = resolve;
    how.mode = mode;
    // EAGAIN: a rename elsewhere in the tree made the kernel unsure of a ".."; a bounded retry
    // settles it, and an attacker who renames for ever gets an error, not a hang. (openat2(2))
    constexpr int kMaxAttempts = 64;
    long fd = -1;
    for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
        fd = ::syscall(SYS_openat2, directory.number(), path.c_str(), &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) {
            break;
        }
    }
    error_number = fd < 0 ? errno : 0;
    return fd < 0 ? UniqueFd() : UniqueFd(static_cast<int>(fd));
}

UniqueFd openat2(
    FdRef directory,
    const std::string& path,
    std::uint64_t flags,
    std::uint64_t resolve,
    mode_t mode
) {
    int error_number = 0;
    UniqueFd fd = openat2_nothrow(directory, path, flags, resolve, error_number, mode);
    if (!fd) {
        throw_errno_value(error_number, "openat2", path);
    }
    return fd;
}

std::size_t read_some(FdRef fd, char* buffer, std::size_t size) {
    ssize_t got = -1;
    do {
        got = ::read(fd.number(), buffer, size);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        throw_errno("read");
    }
    return static_cast<std::size_t>(got);
}

std::string read_at(FdRef fd, std::size_t offset, std::size_t size) {
    std::string out(size, '\0');
    ssize_t got = -1;
    do {
        got = ::pread(fd.number(), out.data(), size, static_cast<off_t>(offset));
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        throw_errno("pread");
    }
    out.resize(static_cast<std::size_t>(got));
    return out;
}

void truncate(FdRef fd, std::uint64_t size) {
    if (::ftruncate(fd.number(), static_cast<off_t>(size)) < 0) {
        throw_errno("ftruncate");
    }
}

void cut(FdRef fd, std::uint64_t size) {
    if (static_cast<std::uint64_t>(fstat(fd).st_size) > size) {
        truncate(fd, size);
    }
}

void empty_file(FdRef fd) {
    if (::ftruncate(fd.number(), 0) < 0) {
        throw_errno("ftruncate");
    }
    seek_to_start(fd);
}

void seek_to_start(FdRef fd) {
    if (::lseek(fd.number(), 0, SEEK_SET) < 0) {
        throw_errno("lseek");
    }
}

Transferred try_read(FdRef fd, char* buffer, std::size_t size) {
    ssize_t got = -1;
    do {
        got = ::read(fd.number(), buffer, size);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? Transferred{.size = 0, .error_number = errno}
                   : Transferred{.size = static_cast<std::size_t>(got), .error_number = 0};
}

Transferred try_write(FdRef fd, std::string_view data) {
    ssize_t written = -1;
    do {
        written = ::write(fd.number(), data.data(), data.size());
    } while (written < 0 && errno == EINTR);
    return written < 0 ? Transferred{.size = 0, .error_number = errno}
                       : Transferred{.size = static_cast<std::size_t>(written), .error_number = 0};
}

std::string read_all(FdRef fd, std::size_t limit) {
    std::string out;
    // No more than callers' frames have touched of the stack: most files are small.
    std::array<char, 4096>
        buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
    while (const std::size_t got = read_some(fd, buffer.data(), buffer.size())) {
        if (out.size() + got > limit) {
            throw Error(concat("larger than ", limit, " bytes"), EFBIG);
        }
        out.append(buffer.data(), got);
    }
    return out;
}

std::string read_file(FdRef directory, const std::string& path, std::size_t limit) {
    const UniqueFd fd = openat(directory, path, O_RDONLY);
    return in_context(
        [&] { return concat("read ", quote(path)); }, [&] { return read_all(fd, limit); }
    );
}

std::optional<std::string> try_read_file(
    FdRef directory, const std::string& path, std::size_t limit
) {
    const std::optional<UniqueFd> fd = try_openat(directory, path, O_RDONLY);
    if (!fd) {
        return std::nullopt;
    }
    return in_context(
        [&] { return concat("read ", quote(path)); }, [&] { return read_all(*fd, limit); }
    );
}

void write_all(FdRef fd, std::string_view data) {
    while (!data.empty()) {
        const ssize_t written = ::write(fd.number(), data.data(), data.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            throw_errno("write");
        }
        data.remove_prefix(static_cast<std::size_t>(written));
    }
}

int write_file_errno(FdRef directory, const std::string& path, std::string_view data) {
    const UniqueFd fd(openat_raw(directory, path, O_WRONLY, 0));
    if (!fd) {
        return errno;
    }
    ssize_t written = -1;
    do {
        written = ::write(fd.ref().number(), data.data(), data.size());
    } while (written < 0 && errno == EINTR);
    if (written < 0) {
        return errno;
    }
    return static_cast<std::size_t>(written) == data.size() ? 0 : EIO;
}

void write_file(FdRef directory, const std::string& path, std::string_view data) {
    const int error_number = write_file_errno(directory, path, data);
    if (error_number != 0) {
        throw Error(concat("write ", quote(trim(data)), " to ", quote(path)), error_number);
    }
}

void replace_file(FdRef directory, const std::string& name, std::string_view data, mode_t mode) {
    const std::string temporary = concat(".", name, ".tmp");
    (void)try_unlinkat(directory, temporary);  // a leftover of a killed writer: absence is fine
    create_file(directory, temporary, data, mode);
    renameat(directory, temporary, directory, name);
}

void create_file(FdRef directory, const std::string& name, std::string_view data, mode_t mode) {
    const UniqueFd fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    in_context([&] { return concat("write ", quote(name)); }, [&] { write_all(fd, data); });
}

void append_to_file(FdRef directory, const std::string& name, std::string_view data, mode_t mode) {
    const UniqueFd fd = openat(directory, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, mode);
    in_context([&] { return concat("write ", quote(name)); }, [&] { write_all(fd, data); });
}

struct stat fstat(FdRef fd) {
    struct stat status = {};
    if (::fstat(fd.number(), &status) < 0) {
        throw_errno("fstat");
    }
    return status;
}

int lstat_errno(const std::string& path, struct stat& status) {
    return ::lstat(path.c_str(), &status) < 0 ? errno : 0;
}

int stat_errno(const std::string& path, struct stat& status) {
    return ::stat(path.c_str(), &status) < 0 ? errno : 0;
}

std::optional<struct stat> try_fstatat(FdRef directory, const std::string& path, int flags) {
    struct stat status = {};
    if (::fstatat(directory.number(), path.c_str(), &status, flags) == 0) {
        return status;
    }
    if (is_absence(errno)) {
        return std::nullopt;
    }
    throw_errno("stat", path);
}

std::int64_t filesystem_type(FdRef fd) {
    struct statfs status = {};
    if (::fstatfs(fd.number(), &status) < 0) {
        throw_errno("fstatfs");
    }
    return static_cast<std::int64_t>(status.f_type);
}

bool is_read_only(FdRef fd) {
    struct statvfs status = {};
    if (::fstatvfs(fd.number(), &status) < 0) {
        throw_errno("fstatvfs");
    }
    return (status.f_flag & ST_RDONLY) != 0;
}

void mkdirat(FdRef directory, const std::string& path, mode_t mode) {
    if (::mkdirat(directory.number(), path.c_str(), mode) < 0) {
        throw_errno("mkdir", path);
    }
}

bool try_mkdirat(FdRef directory, const std::string& path, mode_t mode) {
    if (::mkdirat(directory.number(), path.c_str(), mode) == 0) {
        return true;
    }
    if (errno == EEXIST) {
        return false;
    }
    throw_errno("mkdir", path);
}

int mkdirat_errno(FdRef directory, const std::string& path, mode_t mode) {
    return ::mkdirat(directory.number(), path.c_str(), mode) < 0 ? errno : 0;
}

int rmdirat_errno(FdRef directory, const std::string& path) {
    return ::unlinkat(directory.number(), path.c_str(), AT_REMOVEDIR) < 0 ? errno : 0;
}

void make_directories(const std::string& path, mode_t mode) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        (void)try_mkdirat(FdRef::cwd(), path.substr(0, slash), mode);  // an existing parent is fine
    }
    (void)try_mkdirat(FdRef::cwd(), path, mode);  // so is an existing directory
}

bool try_mknodat(FdRef directory, const std::string& path, mode_t mode, dev_t device) {
    if (::mknodat(directory.number(), path.c_str(), mode, device) == 0) {
        return true;
    }
    if (errno == EEXIST) {
        return false;
    }
    throw_errno("mknod", path);
}

ScopedUmask::ScopedUmask(mode_t mask) : previous_(::umask(mask)) {}

ScopedUmask::~ScopedUmask() {
    ::umask(previous_);
}

void unlinkat(FdRef directory, const std::string& path, int flags) {
    if (::unlinkat(directory.number(), path.c_str(), flags) < 0) {
        throw_errno((static_cast<unsigned>(flags) & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink", path);
    }
}

bool try_unlinkat(FdRef directory, const std::string& path, int flags) {
    if (::unlinkat(directory.number(), path.c_str(), flags) == 0) {
        return true;
    }
    if (errno == ENOENT) {
        return false;
    }
    throw_errno((static_cast<unsigned>(flags) & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink", path);
}

bool try_symlinkat(const std::string& target, FdRef directory, const std::string& path) {
    if (::symlinkat(target.c_str(), directory.number(), path.c_str()) == 0) {
        return true;
    }
    if (errno == EEXIST) {
        return false;
    }
    throw_errno("symlink", path);
}

void symlinkat(const std::string& target, FdRef directory, const std::string& path) {
    if (!try_symlinkat(target, directory, path)) {
        throw_errno_value(EEXIST, "symlink", path);
    }
}

void renameat(
    FdRef old_directory,
    const std::string& old_path,
    FdRef new_directory,
    const std::string& new_path
) {
    if (::renameat(
            old_directory.number(), old_path.c_str(), new_directory.number(), new_path.c_str()
        ) < 0) {
        throw_errno("rename", new_path);
    }
}

void fchownat(FdRef directory, const std::string& path, uid_t uid, gid_t gid, int flags) {
    if (::fchownat(directory.number(), path.c_str(), uid, gid, flags) < 0) {
        throw_errno("chown", path);
    }
}

void fchmod(FdRef fd, mode_t mode) {
    if (::fchmod(fd.number(), mode) < 0) {
        throw_errno("fchmod");
    }
}

void copy_contents(FdRef from, FdRef to) {
    constexpr std::size_t kChunk = 1U << 30U;
    ssize_t copied = -1;
    do {
        copied = ::sendfile(to.number(), from.number(), nullptr, kChunk);
    } while (copied > 0 || (copied < 0 && errno == EINTR));
    if (copied < 0) {
        throw_errno("sendfile");
    }
}

std::vector<std::string> list_extended_attributes(FdRef fd) {
    std::string names(XATTR_LIST_MAX, '\0');
    const ssize_t length = ::flistxattr(fd.number(), names.data(), names.size());
    if (length < 0 && errno == EOPNOTSUPP) {
        return {};
    }
    if (length < 0) {
        throw_errno("flistxattr");
    }
    std::vector<std::string> out;
    // Each name ends with a NUL.
    for (const std::string_view name :
         split(std::string_view(names).substr(0, static_cast<std::size_t>(length)), '\0')) {
        if (!name.empty()) {
            out.emplace_back(name);
        }
    }
    return out;
}

std::string get_extended_attribute(FdRef fd, const std::string& name) {
    std::string value(XATTR_SIZE_MAX, '\0');
    const ssize_t length = ::fgetxattr(fd.number(), name.c_str(), value.data(), value.size());
    if (length < 0) {
        throw_errno("fgetxattr", name);
    }
    value.resize(static_cast<std::size_t>(length));
    return value;
}

void set_extended_attribute(FdRef fd, const std::string& name, std::string_view value) {
    if (::fsetxattr(fd.number(), name.c_str(), value.data(), value.size(), 0) < 0) {
        throw_errno("fsetxattr", name);
    }
}

int fchown_errno(FdRef fd, uid_t uid) {
    constexpr auto kKeepGroup = static_cast<gid_t>(-1);
    return ::fchown(fd.number(), uid, kKeepGroup) < 0 ? errno : 0;
}

bool is_mounted_noexec(const std::string& path) {
    struct statvfs status = {};
    return ::statvfs(path.c_str(), &status) == 0 && (status.f_flag & ST_NOEXEC) != 0;
}

int write_access_errno(FdRef directory, const std::string& path) {
    return ::faccessat(directory.number(), path.c_str(), W_OK, AT_EACCESS) < 0 ? errno : 0;
}

int execute_access_errno(const std::string& path) {
    return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) < 0 ? errno : 0;
}

std::string readlinkat(FdRef directory, const std::string& path) {
    std::array<char, PATH_MAX>
        buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by readlinkat
    const ssize_t length =
        ::readlinkat(directory.number(), path.c_str(), buffer.data(), buffer.size());
    if (length < 0) {
        throw_errno("readlink", path);
    }
    return {buffer.data(), static_cast<std::size_t>(length)};
}

std::string real_path(const std::string& path) {
    std::array<char, PATH_MAX>
        buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by realpath
    if (::realpath(path.c_str(), buffer.data()) == nullptr) {
        throw_errno("realpath", path);
    }
    return buffer.data();
}

std::vector<std::string> list_directory(FdRef directory) {
    return list_entries(directory, [](const dirent&) { return true; });
}

std::vector<std::string> list_subdirectories(FdRef directory) {
    return list_entries(directory, [](const dirent& entry) { return entry.d_type == DT_DIR; });
}

void lock_exclusive(FdRef fd) {
    int result = -1;
    do {
        result = ::flock(fd.number(), LOCK_EX);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        throw_errno("flock");
    }
}

bool try_lock_exclusive(FdRef fd) {
    return try_flock(fd, LOCK_EX);
}

bool try_lock_shared(FdRef fd) {
    return try_flock(fd, LOCK_SH);
}

void unlock(FdRef fd) {
    if (::flock(fd.number(), LOCK_UN) < 0) {
        throw_errno("flock");
    }
}

UniqueFd memfd_create(const std::string& name) {
    const int fd = ::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        throw_errno("memfd_create", name);
    }
    return UniqueFd(fd);
}

}  // namespace corun::sys
