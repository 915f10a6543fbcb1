// The state changes of a waiter. Runs in the parent, on the loop's thread only.
#include "corun/async/waiter.hpp"

#include "corun/async/cancel.hpp"
#include "corun/async/loop.hpp"

#include <cassert>

namespace corun::async {

bool Waiter::suspend(std::coroutine_handle<> self, CancelScope& scope) {
    // First, also when there is nothing to wait for: each suspension point notices cancellation.
    if (scope.cancelled()) {
        state_ = State::cancelled;
        return false;
    }
    loop_ = &scope.loop();
    if (!begin()) {
        state_ = State::fired;
        return false;
    }
    arm(self, scope.loop());
    scope.add(*this);
    return true;
}

void Waiter::arm(std::coroutine_handle<> self, Loop& loop) noexcept {
    assert(state_ == State::idle);
    coroutine_ = self;
    loop_ = &loop;
    state_ = State::armed;
}

void Waiter::fire() noexcept {
    assert(state_ == State::armed);
    state_ = State::fired;
    unlink();
    loop_->make_ready(*this);
}

void Waiter::cancel() noexcept {
    assert(state_ == State::armed);
    leave();
    state_ = State::cancelled;
    unlink();
    loop_->make_ready(*this);
}

void Waiter::disarm() noexcept {
    if (state_ == State::armed) {
        leave();
        state_ = State::idle;
    }
}

void Waiter::throw_if_cancelled() const {
    if (state_ == State::cancelled) {
        throw Cancelled();
    }
}

}  // namespace corun::async
