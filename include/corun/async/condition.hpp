// Condition: coroutines of one loop wait until somebody says that something has changed, and then
// look for themselves. Nothing is kept: who does not wait when it is said does not hear of it.
#pragma once

#include "corun/async/cancel.hpp"
#include "corun/async/list.hpp"
#include "corun/async/task.hpp"
#include "corun/async/timer_heap.hpp"
#include "corun/async/waiter.hpp"
#include "corun/base/scope.hpp"

namespace corun::async {

/// Must outlive all that wait on it.
class Condition : NonCopyable {
public:
    /// Awaiter of changed().
    class Wait final : public Waiter, public Link<Condition> {
    public:
        explicit Wait(Condition& condition) : condition_(condition) {}

        Wait(const Wait&) = delete;
        Wait& operator=(const Wait&) = delete;
        Wait(Wait&&) = delete;
        Wait& operator=(Wait&&) = delete;

        ~Wait() { disarm(); }

        void await_resume() const { throw_if_cancelled(); }

    private:
        [[nodiscard]] bool begin() override;

        void leave() noexcept override { Link<Condition>::unlink(); }

        Condition& condition_;
    };

    /// `co_await`: until the next notify_all().
    [[nodiscard]] Wait changed() { return Wait(*this); }

    /// Wakes all that wait now.
    void notify_all() noexcept;

private:
    List<Wait, Condition> waiting_;
};

/// As changed(), but at most for `limit`: false if nothing has changed until then. `condition`
/// outlives the task.
[[nodiscard]] Task<bool> changed_within(Condition& condition, Clock::duration limit);

}  // namespace corun::async
