// Sleeping and deadlines. Runs in the parent.
#include "corun/async/timer.hpp"

#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <cerrno>

namespace corun::async {

bool Sleep::begin() {
    loop().timers().insert(when_, *this);
    return true;
}

void Sleep::leave() noexcept {
    loop().timers().remove(*this);
}

Deadline::Deadline(CancelScope& scope, Clock::time_point when) : scope_(scope) {
    scope.loop().timers().insert(when, *this);
}

Deadline::~Deadline() {
    scope_.loop().timers().remove(*this);
}

void throw_deadline_exceeded(Clock::duration limit) {
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(limit);
    throw Error(concat("deadline of ", milliseconds.count(), " ms exceeded"), ETIMEDOUT);
}

Task<bool> ended_within(Clock::duration limit, Task<> task) {
    CancelScope& parent = co_await current_scope();
    CancelScope scope;
    const ScopeEntry entry(scope, parent);
    const Deadline deadline(scope, Clock::now() + limit);
    try {
        co_await std::move(task).under(scope);
    } catch (const Cancelled&) {
        if (!entry.absorbs_cancellation()) {
            throw;
        }
        co_return false;
    }
    co_return true;
}

}  // namespace corun::async
