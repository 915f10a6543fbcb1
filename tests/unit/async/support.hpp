// What the tests of the coroutine core share: pipes, children, and times that are long or short.
#pragma once

#include "corun/async/timer_heap.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/pidfd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

namespace corun::async::testing {

using namespace std::chrono_literals;

/// Longer than any test may last: what waits for it must be woken by something else.
inline constexpr Clock::duration kForever = 1h;

/// A pipe whose ends do not block.
struct Pipe {
    sys::UniqueFd reader;
    sys::UniqueFd writer;
};

inline Pipe make_pipe() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        throw std::runtime_error("pipe2");
    }
    return Pipe{.reader = sys::UniqueFd(ends[0]), .writer = sys::UniqueFd(ends[1])};
}

/// A child that runs `body` and exits with what it returns.
template <class Body>
sys::Pidfd spawn_child(Body body) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::_exit(body());
    }
    return sys::Pidfd::try_open(pid).value();
}

}  // namespace corun::async::testing
