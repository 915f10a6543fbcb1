// epoll wrappers. Parent side; no privileges.
#include "corun/sys/epoll.hpp"

#include "corun/base/error.hpp"

#include <cerrno>
#include <ctime>

namespace corun::sys {

UniqueFd epoll_create() {
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        throw_errno("epoll_create1");
    }
    return UniqueFd(fd);
}

int epoll_ctl_errno(FdRef epoll, int operation, FdRef fd, std::uint32_t events) {
    epoll_event event = {};
    event.events = events;
    event.data.fd = fd.number();
    return ::epoll_ctl(epoll.number(), operation, fd.number(), &event) == 0 ? 0 : errno;
}

std::size_t epoll_wait(
    FdRef epoll, std::span<epoll_event> events, std::optional<std::chrono::nanoseconds> timeout
) {
    timespec limit = {};
    if (timeout) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*timeout);
        limit.tv_sec = seconds.count();
        limit.tv_nsec = (*timeout - seconds).count();
    }
    const int count = ::epoll_pwait2(
        epoll.number(),
        events.data(),
        static_cast<int>(events.size()),
        timeout ? &limit : nullptr,
        nullptr
    );
    if (count < 0 && errno == EINTR) {
        return 0;
    }
    if (count < 0) {
        throw_errno("epoll_pwait2");
    }
    return static_cast<std::size_t>(count);
}

}  // namespace corun::sys
