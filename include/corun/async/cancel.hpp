// Cancellation: a tree of scopes. Cancelling one wakes all that wait below it and makes them throw
// Cancelled, at this suspension point and at each later one, until they have left the scope.
// Cleanup that must wait in a cancelled scope runs in `shielded`.
#pragma once

#include "corun/async/list.hpp"
#include "corun/async/task.hpp"
#include "corun/async/waiter.hpp"
#include "corun/base/scope.hpp"

#include <optional>
#include <type_traits>
#include <utility>

namespace corun::async {

class Loop;

/// Thrown from a suspension point in a cancelled scope. Neither an Error nor a std::exception, so
/// that no handler of failures swallows it.
class Cancelled {};

/// True if `error` holds a Cancelled; without the cost of rethrowing it.
[[nodiscard]] bool is_cancellation(const std::exception_ptr& error) noexcept;

/// A part of the tree of tasks that is cancelled as one. Enter it with in_scope().
class CancelScope : public Link<CancelScope> {
public:
    CancelScope() = default;

    /// The root of a loop.
    explicit CancelScope(Loop& loop);

    CancelScope(const CancelScope&) = delete;
    CancelScope& operator=(const CancelScope&) = delete;
    CancelScope(CancelScope&&) = delete;
    CancelScope& operator=(CancelScope&&) = delete;
    ~CancelScope();

    /// Wakes all that wait in this scope and below. Before in_scope() it is remembered.
    void cancel() noexcept;

    /// Whether this scope or one above it (up to a shield) is cancelled.
    [[nodiscard]] bool cancelled() const { return cancelled_; }

    /// Whether this very scope was told to cancel.
    [[nodiscard]] bool cancel_requested() const { return requested_; }

    /// Becomes a part of `parent` and is cancelled with it.
    void attach(CancelScope& parent);

    /// Leaves its parent; nothing may wait in it any more.
    void detach() noexcept;

    /// Becomes a part of `parent` but outlives its cancellation.
    void attach_shielded(CancelScope& parent);

    /// Puts a waiter on the list of those to wake.
    void add(Waiter& waiter) { waiters_.push_back(waiter); }

    [[nodiscard]] Loop& loop() const;

    [[nodiscard]] ReadyQueue& ready() const { return *ready_; }

    /// No waiter and no scope is left in it.
    [[nodiscard]] bool idle() const { return waiters_.empty() && children_.empty(); }

private:
    void spread() noexcept;

    ReadyQueue* ready_ = nullptr;  // the Loop
    List<CancelScope, CancelScope> children_;
    List<Waiter, Waiter> waiters_;
    bool requested_ = false;
    bool cancelled_ = false;
    bool shielded_ = false;
};

inline bool Waiter::suspend(std::coroutine_handle<> self, CancelScope& scope) {
    // First, also when there is nothing to wait for: each suspension point notices cancellation.
    if (scope.cancelled()) {
        state_ = State::cancelled;
        return false;
    }
    ready_ = &scope.ready();
    if (!begin()) {
        state_ = State::fired;
        return false;
    }
    arm(self, scope.ready());
    scope.add(*this);
    return true;
}

/// Makes `scope` a part of `parent` for as long as this object lives.
class ScopeEntry : NonCopyable {
public:
    ScopeEntry(CancelScope& scope, CancelScope& parent) : scope_(scope), parent_(parent) {
        scope.attach(parent);
    }

    ScopeEntry(const ScopeEntry&) = delete;
    ScopeEntry& operator=(const ScopeEntry&) = delete;
    ScopeEntry(ScopeEntry&&) = delete;
    ScopeEntry& operator=(ScopeEntry&&) = delete;

    ~ScopeEntry() { scope_.detach(); }

    /// Whether a Cancelled that leaves the scope was meant for it and ends here.
    [[nodiscard]] bool absorbs_cancellation() const {
        return scope_.cancel_requested() && !parent_.cancelled();
    }

private:
    CancelScope& scope_;
    CancelScope& parent_;
};

/// Awaiter of current_scope(): reads the promise; neither suspends nor notices cancellation.
class CurrentScope {
public:
    [[nodiscard]] bool await_ready() const noexcept { return false; }

    template <std::derived_from<PromiseBase> Promise>
    [[nodiscard]] bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        scope_ = &self.promise().scope();
        return false;
    }

    [[nodiscard]] CancelScope& await_resume() const noexcept { return *scope_; }

private:
    CancelScope* scope_ = nullptr;
};

/// `co_await current_scope()`: the scope this coroutine runs in; its loop() is the Loop.
[[nodiscard]] inline CurrentScope current_scope() {
    return {};
}

/// Runs `task` below `scope`. Nothing (false for Task<>) if `scope` was cancelled and the task
/// gave up for it; a cancellation from further out passes through as Cancelled.
template <class T>
Task<std::optional<T>> in_scope(CancelScope& scope, Task<T> task) {
    CancelScope& parent = co_await current_scope();
    const ScopeEntry entry(scope, parent);
    std::optional<T> result;
    try {
        result.emplace(co_await std::move(task).under(scope));
    } catch (const Cancelled&) {
        if (!entry.absorbs_cancellation()) {
            throw;
        }
    }
    co_return result;
}

Task<bool> in_scope(CancelScope& scope, Task<> task);

/// Runs `task` where cancellation from outside does not reach it: for cleanup that must wait.
/// Give it a deadline of its own.
template <class T>
Task<T> shielded(Task<T> task) {
    CancelScope& parent = co_await current_scope();
    CancelScope shield;
    shield.attach_shielded(parent);
    co_return co_await std::move(task).under(shield);
}

}  // namespace corun::async
