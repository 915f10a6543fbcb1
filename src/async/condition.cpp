// Who waits for a change is woken in the order of arrival. Runs in the parent.
#include "corun/async/condition.hpp"

#include "corun/async/timer.hpp"

namespace corun::async {

bool Condition::Wait::begin() {
    condition_.waiting_.push_back(*this);
    return true;
}

void Condition::notify_all() noexcept {
    while (!waiting_.empty()) {
        waiting_.pop_front().fire();  // only queued: none of them runs, and waits anew, in here
    }
}

namespace {

Task<> wait_for_change(Condition* condition) {
    co_await condition->changed();
}

}  // namespace

Task<bool> changed_within(Condition& condition, Clock::duration limit) {
    return ended_within(limit, wait_for_change(&condition));
}

}  // namespace corun::async
