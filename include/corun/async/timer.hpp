// Waiting for time: sleep_until, sleep_for, yield, and deadlines over whole tasks.
#pragma once

#include "corun/async/cancel.hpp"
#include "corun/async/task.hpp"
#include "corun/async/timer_heap.hpp"
#include "corun/async/waiter.hpp"

#include <utility>

namespace corun::async {

/// Awaiter of sleep_until() and sleep_for().
class Sleep final : public Waiter, public TimerEntry {
public:
    explicit Sleep(Clock::time_point when) : when_(when) {}

    Sleep(const Sleep&) = delete;
    Sleep& operator=(const Sleep&) = delete;
    Sleep(Sleep&&) = delete;
    Sleep& operator=(Sleep&&) = delete;

    ~Sleep() { disarm(); }

    void await_resume() const { throw_if_cancelled(); }

private:
    [[nodiscard]] bool begin() override;
    void leave() noexcept override;

    void expire() noexcept override { fire(); }

    Clock::time_point when_;
};

/// Sleeps until `when`; a time that has passed still lets the others run once.
[[nodiscard]] inline Sleep sleep_until(Clock::time_point when) {
    return Sleep(when);
}

/// Sleeps for `duration`, counted from this call.
[[nodiscard]] inline Sleep sleep_for(Clock::duration duration) {
    return Sleep(Clock::now() + duration);
}

/// Awaiter of yield().
class Yield final : public Waiter {
public:
    Yield() = default;
    Yield(const Yield&) = delete;
    Yield& operator=(const Yield&) = delete;
    Yield(Yield&&) = delete;
    Yield& operator=(Yield&&) = delete;
    ~Yield() = default;

    template <std::derived_from<PromiseBase> Promise>
    [[nodiscard]] bool await_suspend(std::coroutine_handle<Promise> self) {
        const bool suspended = Waiter::await_suspend(self);
        if (suspended) {
            fire();
        }
        return suspended;
    }

    void await_resume() const { throw_if_cancelled(); }

private:
    [[nodiscard]] bool begin() override { return true; }

    void leave() noexcept override {}
};

/// Lets all others that are ready run first.
[[nodiscard]] inline Yield yield() {
    return {};
}

/// Cancels a scope at a time, unless destroyed before.
class Deadline final : public TimerEntry {
public:
    Deadline(CancelScope& scope, Clock::time_point when);
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    Deadline(Deadline&&) = delete;
    Deadline& operator=(Deadline&&) = delete;
    ~Deadline();

private:
    void expire() noexcept override { scope_.cancel(); }

    CancelScope& scope_;
};

[[noreturn]] void throw_deadline_exceeded(Clock::duration limit);

/// Runs `task` and cancels it after `limit`: then throws Error (ETIMEDOUT), as soon as the task has
/// cleaned up after itself. A task that still succeeds has succeeded.
template <class T>
Task<T> with_deadline(Clock::duration limit, Task<T> task) {
    CancelScope& parent = co_await current_scope();
    CancelScope scope;
    const ScopeEntry entry(scope, parent);
    const Deadline deadline(scope, Clock::now() + limit);
    try {
        co_return co_await std::move(task).under(scope);
    } catch (const Cancelled&) {
        if (!entry.absorbs_cancellation()) {
            throw;
        }
    }
    throw_deadline_exceeded(limit);
}

/// Runs `task` and cancels it after `limit`; false if that was what ended it. For callers to whom a
/// deadline that has passed is an answer.
Task<bool> ended_within(Clock::duration limit, Task<> task);

}  // namespace corun::async
