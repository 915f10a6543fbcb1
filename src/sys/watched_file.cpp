// Files of the kernel that say when they have changed. Any process, any privileges.
#include "corun/sys/watched_file.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/epoll.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace corun::sys {

std::optional<WatchedFile> WatchedFile::try_open(FdRef directory, const std::string& name) {
    std::optional<UniqueFd> file = try_openat(directory, name, O_RDONLY);
    if (!file) {
        return std::nullopt;
    }
    return WatchedFile(std::move(*file));
}

std::optional<std::string> WatchedFile::read() const {
    std::array<char, 4096>
        buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): pread fills it
    ssize_t got = -1;
    do {
        got = ::pread(file_.ref().number(), buffer.data(), buffer.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == ENODEV) {
        return std::nullopt;
    }
    if (got < 0) {
        throw_errno("pread");
    }
    return std::string(buffer.data(), static_cast<std::size_t>(got));
}

// The file itself always polls as readable; only POLLPRI tells of a change. An epoll descriptor
// that asks for nothing else turns that into plain readability, which the loop knows.
FdRef WatchedFile::changed() {
    if (watch_) {
        return watch_;
    }
    UniqueFd watch = epoll_create();
    const int error_number = epoll_ctl_errno(watch, EPOLL_CTL_ADD, file_, EPOLLPRI);
    if (error_number != 0) {
        throw_errno_value(error_number, "epoll_ctl(EPOLL_CTL_ADD)");
    }
    watch_ = std::move(watch);
    return watch_;
}

}  // namespace corun::sys
