// epoll(7) under its own names, with times as types. Made for the coroutine loop.
#pragma once

#include "corun/sys/fd.hpp"

#include <sys/epoll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace corun::sys {

/// epoll_create1(2) with EPOLL_CLOEXEC.
[[nodiscard]] UniqueFd epoll_create();

/// epoll_ctl(2); events come back with the descriptor's number in data.fd. Returns 0 or errno, of
/// which some are answers: ENOENT (not registered), EPERM (a file that is always ready).
[[nodiscard]] int epoll_ctl_errno(FdRef epoll, int operation, FdRef fd, std::uint32_t events);

/// epoll_pwait2(2), Linux 5.11; without a timeout it blocks. How many events were written: 0 also
/// when a signal came (EINTR).
[[nodiscard]] std::size_t epoll_wait(
    FdRef epoll, std::span<epoll_event> events, std::optional<std::chrono::nanoseconds> timeout
);

}  // namespace corun::sys
