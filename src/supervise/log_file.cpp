// Writing and rotating the files of a log. In the supervisor.
#include "corun/supervise/log_file.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace corun::supervise {

namespace {

std::string numbered(const std::string& path, unsigned number) {
    return concat(path, ".", number);
}

std::uint64_t size_of(const std::string& path) {
    struct stat status = {};
    return sys::lstat_errno(path, status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace

LogFile::LogFile(std::string path, const LogPolicy& policy)
    : path_(std::move(path)), policy_(policy) {}

int LogFile::open_errno() {
    if (file_) {
        return look_errno();
    }
    try {
        sys::UniqueFd file =
            sys::open(path_, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0640);
        const struct stat status = sys::fstat(file);
        if (!S_ISREG(status.st_mode)) {
            return EINVAL;
        }
        size_bytes_ = static_cast<std::uint64_t>(status.st_size);
        if (size_bytes_ > 0 && sys::read_at(file, size_bytes_ - 1, 1) != "\n") {
            sys::write_all(file, "\n");
            ++size_bytes_;
        }
        device_ = status.st_dev;
        inode_ = status.st_ino;
        file_ = std::move(file);
        return 0;
    } catch (const Error& error) {
        return error.error_number();
    }
}

int LogFile::look_errno() {
    try {
        size_bytes_ = static_cast<std::uint64_t>(sys::fstat(file_).st_size);
        return 0;
    } catch (const Error& error) {
        return error.error_number();
    }
}

LogPlace LogFile::place() const {
    return {.path = path_, .device = device_, .inode = inode_, .size_bytes = size_bytes_};
}

/// What an append that failed has written. Nothing can be done where that is impossible, too.
void LogFile::take_back() {
    try {
        sys::cut(file_, size_bytes_);
    } catch (const Error&) {
        file_.reset();  // opened anew, the torn line is ended
    }
}

int LogFile::append_errno(std::string_view records, LogStream stream, bool in_line) {
    std::string_view left = records;
    while (!left.empty()) {
        const sys::Transferred written = sys::try_write(file_, left);
        if (written.error_number != 0) {
            take_back();
            return written.error_number;
        }
        left.remove_prefix(written.size);
    }
    size_bytes_ += records.size();
    in_line_[static_cast<std::size_t>(stream)] = in_line;
    return 0;
}

/// Of one file; 0: none.
std::uint64_t LogFile::size_limit() const {
    const std::uint64_t total = policy_.total_size_bytes;
    if (total == 0) {
        return policy_.max_size_bytes;
    }
    if (policy_.max_size_bytes == 0) {
        return std::max<std::uint64_t>(total / policy_.max_files, 1);
    }
    return std::min(policy_.max_size_bytes, total);
}

std::size_t LogFile::room() const {
    const std::uint64_t limit = size_limit();
    if (limit == 0) {
        return SIZE_MAX;
    }
    return limit - std::min(size_bytes_, limit);
}

bool LogFile::is_due(std::size_t size) const {
    if (size <= room() || size_bytes_ == 0) {
        return false;
    }
    const bool in_line = in_line_[0] || in_line_[1];
    if (!in_line || size_bytes_ >= 2 * size_limit()) {
        return true;
    }
    const std::uint64_t total = policy_.total_size_bytes;
    return total != 0 && size_bytes_ + size > total;
}

int LogFile::make_room_errno(std::size_t size) const {
    if (size_bytes_ + size <= size_limit()) {
        return 0;  // left by rotate()
    }
    try {
        remove_beyond_total(size_bytes_ + size);
        return 0;
    } catch (const Error& error) {
        return error.error_number();
    }
}

int LogFile::rotate_errno() {
    try {
        file_.reset();
        rotate();
        in_line_ = {};
        return 0;
    } catch (const Error& error) {
        return error.error_number();
    }
}

/// Killed midway, a number is missing, which the next time closes.
void LogFile::rotate() {
    const sys::FdRef here = sys::FdRef::cwd();  // the paths are absolute
    remove_beyond_count();
    if (policy_.max_files == 1) {
        (void)sys::try_unlinkat(here, path_);
        return;
    }
    for (unsigned number = policy_.max_files - 1; number > 1; --number) {
        const std::string younger = numbered(path_, number - 1);
        if (size_of(younger) != 0) {
            sys::renameat(here, younger, here, numbered(path_, number));
        }
    }
    sys::renameat(here, path_, here, numbered(path_, 1));
    remove_beyond_total(size_limit());  // room for the file that comes next
}

/// The oldest, and what a policy left that kept more.
void LogFile::remove_beyond_count() const {
    unsigned number = std::max(policy_.max_files - 1, 1U);
    while (sys::try_unlinkat(sys::FdRef::cwd(), numbered(path_, number))) {
        ++number;
    }
}

/// The oldest, so that all fit with `current_bytes` in the file that is written to.
void LogFile::remove_beyond_total(std::uint64_t current_bytes) const {
    if (policy_.total_size_bytes == 0) {
        return;
    }
    std::uint64_t total = current_bytes;
    for (unsigned number = 1; number < policy_.max_files; ++number) {
        const std::string path = numbered(path_, number);
        total += size_of(path);
        if (total > policy_.total_size_bytes) {
            (void)sys::try_unlinkat(sys::FdRef::cwd(), path);
        }
    }
}

}  // namespace corun::supervise
