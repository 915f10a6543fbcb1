// with_group: tasks that run side by side and end before the call returns. Nothing outlives it,
// nothing is detached; the first failure cancels the others and is thrown once all have ended.
#pragma once

#include "corun/async/cancel.hpp"
#include "corun/async/task.hpp"
#include "corun/async/waiter.hpp"
#include "corun/base/scope.hpp"

#include <coroutine>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>

namespace corun::async {

/// The tasks of one with_group(). Only with_group makes one.
class Group final : public TaskOwner, NonCopyable {
public:
    explicit Group(CancelScope& parent);
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    Group(Group&&) = delete;
    Group& operator=(Group&&) = delete;
    ~Group();

    /// Starts `task` at once: it runs up to its first wait before spawn returns.
    void spawn(Task<> task);

    /// Cancels the body and all tasks; that alone is no failure of the group.
    void cancel() noexcept { scope_.cancel(); }

    [[nodiscard]] CancelScope& scope() { return scope_; }

    /// Tasks that have not ended.
    [[nodiscard]] std::size_t running() const { return running_; }

    /// Records a failure of the body or of a task, and cancels the rest.
    void fail(std::exception_ptr error) noexcept;

    /// Awaiter of join(): out of reach of cancellation, which reaches the tasks it waits for.
    class Join final : public Waiter {
    public:
        explicit Join(Group& group) : group_(group) {}

        Join(const Join&) = delete;
        Join& operator=(const Join&) = delete;
        Join(Join&&) = delete;
        Join& operator=(Join&&) = delete;

        ~Join() { disarm(); }

        [[nodiscard]] bool await_suspend(std::coroutine_handle<> self);

        void await_resume() const noexcept {}

    private:
        [[nodiscard]] bool begin() override { return group_.running_ != 0; }

        void leave() noexcept override { group_.join_ = nullptr; }

        Group& group_;
    };

    /// Waits for the end of all tasks.
    [[nodiscard]] Join join() { return Join(*this); }

    /// After join(): throws the first failure, or Cancelled if cancellation came from outside.
    void throw_outcome() const;

private:
    void child_finished(std::coroutine_handle<> child, std::exception_ptr error) noexcept override;

    CancelScope& parent_;
    CancelScope scope_;
    ScopeEntry entry_;
    Join* join_ = nullptr;
    std::size_t running_ = 0;
    std::exception_ptr first_failure_;
    std::exception_ptr second_failure_;
    std::size_t failures_ = 0;
    bool interrupted_ = false;  // somebody ended by Cancelled
};

/// Runs `body(group, args...)` and all that it spawns, to the end of the last. `body` is no lambda
/// with captures: what it needs it takes as arguments, kept here by value (std::ref for a loan).
template <class Body, class... Args>
Task<> with_group(Body body, Args... args) {
    CancelScope& parent = co_await current_scope();
    Group group(parent);
    try {
        Task<> task = body(group, std::move(args)...);
        co_await std::move(task).under(group.scope());
    } catch (...) {
        group.fail(std::current_exception());
    }
    co_await group.join();
    group.throw_outcome();
}

}  // namespace corun::async
