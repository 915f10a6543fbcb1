// The rarer state changes of a waiter. Runs in the parent, on the loop's thread only.
#include "corun/async/waiter.hpp"

#include "corun/async/cancel.hpp"
#include "corun/async/loop.hpp"

namespace corun::async {

Loop& Waiter::loop() const {
    return static_cast<Loop&>(*ready_);  // the only class derived from ReadyQueue
}

void Waiter::cancel() noexcept {
    assert(state_ == State::armed);
    leave();
    state_ = State::cancelled;
    unlink();
    ready_->push(*this);
}

void Waiter::throw_cancelled() {
    throw Cancelled();
}

}  // namespace corun::async
