// Loop: what the coroutines of one thread run on: a queue of those to resume, descriptors, timers.
// The one waiting mechanism of the program, the same for one command and for a supervisor.
// Not a global: tasks find theirs through their scope. Parent side only, never after a fork.
#pragma once

#include "corun/async/cancel.hpp"
#include "corun/async/poller.hpp"
#include "corun/async/task.hpp"
#include "corun/async/timer_heap.hpp"
#include "corun/async/waiter.hpp"

#include <coroutine>

namespace corun::async {

/// Runs tasks, one root at a time.
class Loop final : public ReadyQueue {
public:
    /// Drives `task`, and all that it waits for, to its end; its value, or its exception. Throws
    /// Error if all of them wait for each other (after cancelling them).
    template <class T>
    T run(Task<T> task) {
        CancelScope root(*this);
        typename Task<T>::Handle handle = task.start(root);
        drive(handle, root);
        return handle.promise().take_result();
    }

    [[nodiscard]] Poller& poller() { return poller_; }

    [[nodiscard]] TimerHeap& timers() { return timers_; }

private:
    void drive(std::coroutine_handle<> task, CancelScope& root);
    void resume_ready();
    void collect_events();
    [[nodiscard]] bool stuck() const;

    Poller poller_;
    TimerHeap timers_;
};

}  // namespace corun::async
