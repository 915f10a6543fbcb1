// The loop's descriptors: epoll with one-shot registrations and a table of who waits for what.
// A wait costs one epoll_ctl: the registration stays behind, disabled, and is armed again next
// time; a number that was closed and given out anew is noticed by the kernel's answer (ENOENT).
#pragma once

#include "corun/async/waiter.hpp"
#include "corun/base/scope.hpp"
#include "corun/sys/fd.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace corun::async {

enum class Direction : std::uint8_t { read, write };

/// Wakes waiters whose descriptors have become ready.
class Poller : NonCopyable {
public:
    Poller();

    /// Fires `waiter` once the descriptor is ready. At most one waiter per descriptor and
    /// direction. 0 or epoll_ctl's errno; EPERM: a file that is always ready.
    [[nodiscard]] int add(Waiter& waiter, sys::FdRef fd, Direction direction);

    /// Forgets the waiter of that descriptor and direction.
    void remove(sys::FdRef fd, Direction direction) noexcept;

    /// Waits until a descriptor is ready or `timeout` has passed (nothing: without end), and fires.
    void poll(std::optional<std::chrono::nanoseconds> timeout);

    /// Nobody waits.
    [[nodiscard]] bool idle() const { return waiting_ == 0; }

private:
    struct Entry {
        Waiter* reader = nullptr;
        Waiter* writer = nullptr;

        [[nodiscard]] Waiter*& side(Direction direction) {
            return direction == Direction::read ? reader : writer;
        }
    };

    [[nodiscard]] int arm(sys::FdRef fd, const Entry& entry) noexcept;
    void fire_ready(sys::FdRef fd, std::uint32_t events);
    void fire(Waiter*& waiter);

    sys::UniqueFd epoll_;
    std::vector<Entry> entries_;  // by descriptor number
    std::size_t waiting_ = 0;
};

}  // namespace corun::async
