// One-shot epoll. Runs in the parent only: a forked child shares the epoll instance and must never
// touch it.
#include "corun/async/poller.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/epoll.hpp"

#include <sys/epoll.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <span>

namespace corun::async {

Poller::Poller() : epoll_(sys::epoll_create()) {}

int Poller::arm(sys::FdRef fd, const Entry& entry) noexcept {
    const std::uint32_t events = (entry.reader != nullptr ? EPOLLIN | EPOLLRDHUP : 0U) |
                                 (entry.writer != nullptr ? EPOLLOUT : 0U) | EPOLLONESHOT;
    // Modify first: a descriptor that is waited for once is mostly waited for again.
    int error_number = sys::epoll_ctl_errno(epoll_, EPOLL_CTL_MOD, fd, events);
    if (error_number == ENOENT) {
        error_number = sys::epoll_ctl_errno(epoll_, EPOLL_CTL_ADD, fd, events);
    }
    return error_number;
}

int Poller::add(Waiter& waiter, sys::FdRef fd, Direction direction) {
    const auto number = static_cast<std::size_t>(fd.number());
    if (number >= entries_.size()) {
        entries_.resize(number + 1);
    }
    Entry& entry = entries_[number];
    Waiter*& side = entry.side(direction);
    assert(side == nullptr);  // one waiter per descriptor and direction
    side = &waiter;
    const int error_number = arm(fd, entry);
    if (error_number != 0) {
        side = nullptr;
        return error_number;
    }
    ++waiting_;
    return 0;
}

void Poller::remove(sys::FdRef fd, Direction direction) noexcept {
    Entry& entry = entries_[static_cast<std::size_t>(fd.number())];
    Waiter*& side = entry.side(direction);
    assert(side != nullptr);
    side = nullptr;
    --waiting_;
    // The answers are not needed: a descriptor closed meanwhile has left epoll by itself.
    if (entry.reader != nullptr || entry.writer != nullptr) {
        (void)arm(fd, entry);
    } else {
        // Not only disabled: a hang-up is reported even then, if a copy keeps the file open, and
        // could wake whoever waits for another file by the same number.
        (void)sys::epoll_ctl_errno(epoll_, EPOLL_CTL_DEL, fd, 0);
    }
}

void Poller::poll(std::optional<std::chrono::nanoseconds> timeout) {
    std::array<epoll_event, 256> events;  // NOLINT(cppcoreguidelines-pro-type-member-init): out
    const std::size_t count = sys::epoll_wait(epoll_, events, timeout);
    for (const epoll_event& event : std::span(events).first(count)) {
        fire_ready(sys::FdRef(event.data.fd), event.events);
    }
}

void Poller::fire_ready(sys::FdRef fd, std::uint32_t events) {
    Entry& entry = entries_[static_cast<std::size_t>(fd.number())];
    // Error and hang-up end both waits: the next read or write tells which it was.
    const bool both = (events & (EPOLLERR | EPOLLHUP)) != 0;
    if (both || (events & (EPOLLIN | EPOLLRDHUP)) != 0) {
        fire(entry.reader);
    }
    if (both || (events & EPOLLOUT) != 0) {
        fire(entry.writer);
    }
    if (entry.reader != nullptr || entry.writer != nullptr) {
        const int error_number = arm(fd, entry);  // the other direction still waits
        if (error_number != 0) {
            throw_errno_value(error_number, "epoll_ctl");
        }
    }
}

void Poller::fire(Waiter*& waiter) {
    if (waiter != nullptr) {
        --waiting_;
        std::exchange(waiter, nullptr)->fire();
    }
}

}  // namespace corun::async
