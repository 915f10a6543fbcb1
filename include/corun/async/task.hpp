// Task<T>: a lazy coroutine, awaited once. Awaiting starts it nested on the awaiting coroutine's
// stack; if it ends without a wait, the awaiting one goes straight on, so the stack stays flat.
// No symmetric transfer: GCC 12 makes it a tail call only at -O2 and never under ASan, and a loop
// over ready tasks would overflow the stack.
// A coroutine finds its CancelScope, and by it the Loop, in its promise; a child inherits both.
#pragma once

#include "corun/async/frame.hpp"

#include <cassert>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace corun::async {

class CancelScope;

/// Who is told of the end of a task that no coroutine awaits: a Group.
class TaskOwner {
public:
    /// `child` is at its end and is the owner's to destroy; `error` is null if it succeeded.
    virtual void child_finished(
        std::coroutine_handle<> child, std::exception_ptr error
    ) noexcept = 0;

protected:
    TaskOwner() = default;
    TaskOwner(const TaskOwner&) = default;
    TaskOwner& operator=(const TaskOwner&) = default;
    ~TaskOwner() = default;
};

/// What the promises of all tasks share: where they run, who goes on after them, how they failed.
class PromiseBase {
public:
    /// Passes control on at the end: to the owner, or to the coroutine that awaits.
    class FinalAwaiter {
    public:
        [[nodiscard]] bool await_ready() const noexcept { return false; }

        template <std::derived_from<PromiseBase> Promise>
        void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
            PromiseBase& promise = self.promise();
            // Both calls may destroy this frame, and this awaiter with it: nothing after them.
            if (promise.owner_ != nullptr) {
                promise.owner_->child_finished(self, std::move(promise.error_));
            } else if (promise.continuation_) {
                promise.continuation_.resume();
            }
        }

        void await_resume() const noexcept {}
    };

    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }

    [[nodiscard]] FinalAwaiter final_suspend() const noexcept { return {}; }

    void unhandled_exception() noexcept { error_ = std::current_exception(); }

    [[nodiscard]] static void* operator new(std::size_t size) { return allocate_frame(size); }

    static void operator delete(void* frame, std::size_t size) { release_frame(frame, size); }

    /// The scope the task runs in. Only after the start.
    [[nodiscard]] CancelScope& scope() const {
        assert(scope_ != nullptr);
        return *scope_;
    }

    void enter(CancelScope& scope) { scope_ = &scope; }

    void continue_with(std::coroutine_handle<> continuation) { continuation_ = continuation; }

    void set_owner(TaskOwner& owner) { owner_ = &owner; }

    void rethrow_if_failed() const {
        if (error_) {
            std::rethrow_exception(error_);
        }
    }

private:
    CancelScope* scope_ = nullptr;
    TaskOwner* owner_ = nullptr;
    std::coroutine_handle<> continuation_;
    std::exception_ptr error_;
};

template <class T>
class Task;

/// The promise of Task<T>: keeps the value until it is taken.
template <class T>
class TaskPromise : public PromiseBase {
public:
    [[nodiscard]] Task<T> get_return_object();

    void return_value(T value) { value_.emplace(std::move(value)); }

    [[nodiscard]] T take_result() {
        rethrow_if_failed();
        return std::move(*value_);
    }

private:
    std::optional<T> value_;
};

template <>
class TaskPromise<void> : public PromiseBase {
public:
    [[nodiscard]] Task<void> get_return_object();

    void return_void() const noexcept {}

    void take_result() const { rethrow_if_failed(); }
};

/// Runs one task for the coroutine that awaits it, and owns the task's frame meanwhile.
template <class T>
class TaskAwaiter {
public:
    using Handle = std::coroutine_handle<TaskPromise<T>>;

    /// `scope` null: the awaiting coroutine's.
    TaskAwaiter(Handle task, CancelScope* scope) : task_(task), scope_(scope) { assert(task_); }

    TaskAwaiter(const TaskAwaiter&) = delete;
    TaskAwaiter& operator=(const TaskAwaiter&) = delete;
    TaskAwaiter(TaskAwaiter&&) = delete;
    TaskAwaiter& operator=(TaskAwaiter&&) = delete;

    ~TaskAwaiter() { task_.destroy(); }

    [[nodiscard]] bool await_ready() const noexcept { return false; }

    template <std::derived_from<PromiseBase> Promise>
    [[nodiscard]] bool await_suspend(std::coroutine_handle<Promise> awaiting) {
        task_.promise().enter(scope_ != nullptr ? *scope_ : awaiting.promise().scope());
        task_.resume();
        if (task_.done()) {
            return false;
        }
        // Only now: nothing resumes a coroutine but the loop, so the task cannot have ended since.
        task_.promise().continue_with(awaiting);
        return true;
    }

    T await_resume() { return task_.promise().take_result(); }

private:
    Handle task_;
    CancelScope* scope_;
};

/// A computation that starts when awaited: `co_await std::move(task)` or `co_await f()`, once.
/// Its exception is thrown where it is awaited. One that is never awaited never runs.
template <class T = void>
class [[nodiscard]] Task {
    static_assert(!std::is_reference_v<T>, "a task's result is a value");

public:
    using promise_type = TaskPromise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    explicit Task(Handle handle) : handle_(handle) {}

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

    Task& operator=(Task&& other) noexcept {
        Task old(std::move(*this));
        handle_ = std::exchange(other.handle_, nullptr);
        return *this;
    }

    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    ~Task() {
        if (handle_) {
            handle_.destroy();
        }
    }

    [[nodiscard]] TaskAwaiter<T> operator co_await() && {
        return TaskAwaiter<T>(std::exchange(handle_, nullptr), nullptr);
    }

    /// Awaits the task with `scope` in place of the awaiting coroutine's own scope.
    [[nodiscard]] TaskAwaiter<T> under(CancelScope& scope) && {
        return TaskAwaiter<T>(std::exchange(handle_, nullptr), &scope);
    }

    /// Starts the task with nobody awaiting it; this object keeps the frame. For Loop::run.
    [[nodiscard]] Handle start(CancelScope& scope) & {
        assert(handle_);
        handle_.promise().enter(scope);
        handle_.resume();
        return handle_;
    }

    /// Starts the task for `owner`, which gets the frame when it ends: perhaps within this call.
    void start(CancelScope& scope, TaskOwner& owner) && {
        assert(handle_);
        const Handle handle = std::exchange(handle_, nullptr);
        handle.promise().enter(scope);
        handle.promise().set_owner(owner);
        handle.resume();
    }

private:
    Handle handle_;
};

template <class T>
Task<T> TaskPromise<T>::get_return_object() {
    return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

inline Task<void> TaskPromise<void>::get_return_object() {
    return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

}  // namespace corun::async
