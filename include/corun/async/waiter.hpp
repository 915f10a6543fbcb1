// Waiter: one suspended coroutine, as a node inside its awaiter and thus inside its frame.
// States: idle → armed → fired or cancelled; there is exactly one way out of `armed`, so a wake-up
// and a cancellation cannot both reach the coroutine, and a value handed over is never lost.
// Whoever wakes a waiter only queues it; coroutines are resumed by the loop and nobody else.
// What runs at each switch is inline, here and at the end of cancel.hpp: it halves a switch's cost.
#pragma once

#include "corun/async/list.hpp"
#include "corun/async/task.hpp"
#include "corun/base/scope.hpp"

#include <cassert>
#include <concepts>
#include <coroutine>
#include <cstdint>

namespace corun::async {

class CancelScope;
class Loop;
class Waiter;

/// The coroutines to resume next: that part of the Loop which waking somebody needs.
class ReadyQueue : NonCopyable {
public:
    void push(Waiter& waiter) noexcept;

    [[nodiscard]] bool empty() const { return waiters_.empty(); }

protected:
    ReadyQueue() = default;
    ~ReadyQueue() = default;

    [[nodiscard]] Waiter& pop() { return waiters_.pop_front(); }

private:
    List<Waiter, Waiter> waiters_;
};

/// Base of the awaiters that can suspend. A derived class says how to begin the wait and how to
/// leave it early, calls `throw_if_cancelled` first in await_resume, and `disarm` in its
/// destructor.
class Waiter : public Link<Waiter> {
public:
    [[nodiscard]] bool await_ready() const noexcept { return false; }

    template <std::derived_from<PromiseBase> Promise>
    [[nodiscard]] bool await_suspend(std::coroutine_handle<Promise> self) {
        return suspend(self, self.promise().scope());
    }

    /// armed → fired: what it waited for is there. The source has let go of it already.
    void fire() noexcept;

    /// armed → cancelled: takes it away from its source; Cancelled is thrown when it resumes.
    void cancel() noexcept;

    /// For the loop, which has taken the waiter out of its queue.
    void resume() const { coroutine_.resume(); }

protected:
    Waiter() = default;
    ~Waiter() = default;

    /// Begins the wait; false if there is nothing to wait for. May throw: then nothing has begun.
    [[nodiscard]] virtual bool begin() = 0;

    /// Undoes begin(): the source forgets this waiter.
    virtual void leave() noexcept = 0;

    /// Suspends without a scope: for a wait that cancellation reaches by another way.
    void arm(std::coroutine_handle<> self, ReadyQueue& ready) noexcept;

    [[nodiscard]] bool was_cancelled() const { return state_ == State::cancelled; }

    void throw_if_cancelled() const {
        if (state_ == State::cancelled) {
            throw_cancelled();
        }
    }

    /// If still armed (its frame is destroyed in the middle of the wait), leaves the source.
    void disarm() noexcept;

    /// The loop of the coroutine that awaits; only from begin() on.
    [[nodiscard]] Loop& loop() const;

private:
    enum class State : std::uint8_t { idle, armed, fired, cancelled };

    [[nodiscard]] bool suspend(std::coroutine_handle<> self, CancelScope& scope);
    [[noreturn]] static void throw_cancelled();

    std::coroutine_handle<> coroutine_;
    ReadyQueue* ready_ = nullptr;  // the Loop
    State state_ = State::idle;
};

inline void ReadyQueue::push(Waiter& waiter) noexcept {
    waiters_.push_back(waiter);
}

inline void Waiter::arm(std::coroutine_handle<> self, ReadyQueue& ready) noexcept {
    assert(state_ == State::idle);
    coroutine_ = self;
    ready_ = &ready;
    state_ = State::armed;
}

inline void Waiter::fire() noexcept {
    assert(state_ == State::armed);
    state_ = State::fired;
    unlink();
    ready_->push(*this);
}

inline void Waiter::disarm() noexcept {
    if (state_ == State::armed) {
        leave();
        state_ = State::idle;
    }
}

}  // namespace corun::async
