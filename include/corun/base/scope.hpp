// Two small tools for ownership: a base that forbids copies, and a guard that runs at scope exit.
#pragma once

#include <utility>

namespace corun {

/// Base of classes with identity: neither copied nor moved.
class NonCopyable {
public:
    NonCopyable() = default;
    NonCopyable(const NonCopyable&) = delete;
    NonCopyable& operator=(const NonCopyable&) = delete;
    NonCopyable(NonCopyable&&) = delete;
    NonCopyable& operator=(NonCopyable&&) = delete;
    ~NonCopyable() = default;
};

/// Runs `action` when the scope ends, unless dismissed. `action` must not throw.
template <class Action>
class ScopeExit : NonCopyable {
public:
    explicit ScopeExit(Action action) : action_(std::move(action)) {}

    ~ScopeExit() {
        if (armed_) {
            action_();
        }
    }

    ScopeExit(const ScopeExit&) = delete;
    ScopeExit& operator=(const ScopeExit&) = delete;
    ScopeExit(ScopeExit&&) = delete;
    ScopeExit& operator=(ScopeExit&&) = delete;

    void dismiss() { armed_ = false; }

private:
    Action action_;
    bool armed_ = true;
};

}  // namespace corun
