// Waiting for a descriptor: `co_await readable(fd)`, `co_await writable(fd)`.
#pragma once

#include "corun/async/cancel.hpp"
#include "corun/async/poller.hpp"
#include "corun/async/waiter.hpp"
#include "corun/sys/fd.hpp"

namespace corun::async {

/// Awaiter of readable() and writable().
class FdReady : public Waiter {
public:
    FdReady(sys::FdRef fd, Direction direction) : fd_(fd), direction_(direction) {}

    FdReady(const FdReady&) = delete;
    FdReady& operator=(const FdReady&) = delete;
    FdReady(FdReady&&) = delete;
    FdReady& operator=(FdReady&&) = delete;

    virtual ~FdReady() { disarm(); }

    void await_resume() const;

private:
    [[nodiscard]] bool begin() override;
    void leave() noexcept override;

    sys::FdRef fd_;
    Direction direction_;
    int error_number_ = 0;
};

/// Awaiter of readable_or_cancelled().
class FdReadyOrCancelled final : public FdReady {
public:
    using FdReady::FdReady;

    [[nodiscard]] bool await_resume() const;
};

/// Waits until a read would not block: data, end of file or an error is there. A regular file is
/// always ready. The descriptor must stay open meanwhile; one waiter per descriptor and direction.
/// Throws Error if the descriptor cannot be waited for (EBADF).
[[nodiscard]] inline FdReady readable(sys::FdRef fd) {
    return {fd, Direction::read};
}

/// As readable(), but cancellation is an answer, false, not an exception: for a task that usually
/// ends by it. A first throw costs a static program half a millisecond.
[[nodiscard]] inline FdReadyOrCancelled readable_or_cancelled(sys::FdRef fd) {
    return {fd, Direction::read};
}

/// Waits until a write would not block; otherwise as readable().
[[nodiscard]] inline FdReady writable(sys::FdRef fd) {
    return {fd, Direction::write};
}

}  // namespace corun::async
