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

/// Behind the newline of a k8s-file record's tag: whether the line goes on.
bool ends_within_line(LogDriver driver, std::string_view records) {
    const std::size_t last = records.rfind('\n', records.size() - 2);
    const std::string_view record = records.substr(last == std::string_view::npos ? 0 : last + 1);
    if (driver == LogDriver::json_file) {
        return record.find("\\n\",\"stream\"") == std::string_view::npos;
    }
    return record.find(" P ") < record.find(" F ");
}

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
        return 0;
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

LogPlace LogFile::place() const {
    return {.path = path_, .device = device_, .inode = inode_, .size_bytes = size_bytes_};
}

int LogFile::append_errno(std::string_view records) {
    std::string_view left = records;
    while (!left.empty()) {
        const sys::Transferred written = sys::try_write(file_, left);
        if (written.error_number != 0) {
            sys::truncate(file_, size_bytes_);
            return written.error_number;
        }
        left.remove_prefix(written.size);
    }
    size_bytes_ += records.size();
    in_line_ = ends_within_line(policy_.driver, records);
    return 0;
}

std::uint64_t LogFile::size_limit() const {
    if (policy_.max_size_bytes != 0 || policy_.total_size_bytes == 0) {
        return policy_.max_size_bytes;
    }
    return std::max<std::uint64_t>(policy_.total_size_bytes / policy_.max_files, 1);
}

bool LogFile::rotate_if_due() {
    const std::uint64_t limit = size_limit();
    const bool is_due = limit != 0 && size_bytes_ >= limit;
    if (!file_ || !is_due || (in_line_ && size_bytes_ < 2 * limit)) {
        return false;
    }
    rotate();
    return true;
}

/// The oldest goes, the others move on by one. Killed midway, a number is missing: no harm.
void LogFile::rotate() {
    const sys::FdRef here = sys::FdRef::cwd();  // the paths are absolute
    file_.reset();
    in_line_ = false;
    if (policy_.max_files == 1) {
        (void)sys::try_unlinkat(here, path_);
        return;
    }
    (void)sys::try_unlinkat(here, numbered(path_, policy_.max_files - 1));
    for (unsigned number = policy_.max_files - 1; number > 1; --number) {
        const std::string younger = numbered(path_, number - 1);
        if (size_of(younger) != 0) {
            sys::renameat(here, younger, here, numbered(path_, number));
        }
    }
    sys::renameat(here, path_, here, numbered(path_, 1));
    remove_beyond_total();
}

/// Room is left for the file that comes next.
void LogFile::remove_beyond_total() const {
    if (policy_.total_size_bytes == 0) {
        return;
    }
    std::uint64_t total = size_limit();
    for (unsigned number = 1; number < policy_.max_files; ++number) {
        const std::string path = numbered(path_, number);
        total += size_of(path);
        if (total > policy_.total_size_bytes) {
            (void)sys::try_unlinkat(sys::FdRef::cwd(), path);
        }
    }
}

}  // namespace corun::supervise
