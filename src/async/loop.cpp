// The loop's turn: resume what is ready, then see what has become ready. Runs in the parent.
#include "corun/async/loop.hpp"

#include "corun/base/error.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <optional>

namespace corun::async {

namespace {

// Coroutines that keep each other busy must not starve descriptors and timers; looking at those
// costs a system call, which this many resumptions share.
constexpr int kResumptionsPerTurn = 256;

}  // namespace

bool Loop::stuck() const {
    return empty() && poller_.idle() && timers_.empty();
}

void Loop::drive(std::coroutine_handle<> task, CancelScope& root) {
    bool deadlock = false;
    while (!task.done()) {
        resume_ready();
        if (task.done()) {
            break;
        }
        if (stuck()) {
            // Nothing can ever wake anyone. Cancelling unwinds them in order, so that the caller
            // gets an error and no frame is left behind; if even that wakes nobody, give up.
            if (deadlock) {
                std::abort();
            }
            deadlock = true;
            root.cancel();
            continue;
        }
        collect_events();
    }
    // A task that is done has joined all it started.
    assert(stuck() && root.idle());
    if (deadlock) {
        throw Error("deadlock: every task waits for another one");
    }
}

void Loop::resume_ready() {
    for (int count = 0; count < kResumptionsPerTurn && !empty(); ++count) {
        pop().resume();
    }
}

void Loop::collect_events() {
    std::optional<Clock::duration> timeout;
    if (!empty()) {
        timeout = Clock::duration::zero();
    } else if (!timers_.empty()) {
        timeout = std::max(timers_.next() - Clock::now(), Clock::duration::zero());
    }
    if (empty() || !poller_.idle()) {
        poller_.poll(timeout);
    }
    if (!timers_.empty()) {
        timers_.expire_until(Clock::now());
    }
}

}  // namespace corun::async
