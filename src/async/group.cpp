// Groups of tasks: counting, first failure, join. Runs in the parent.
#include "corun/async/group.hpp"

#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <cassert>

namespace corun::async {

namespace {

// What went wrong second, and how often after that: a failure that is not the first is not lost.
std::string note_on_rest(const std::exception_ptr& second, std::size_t failures) {
    std::string text;
    try {
        std::rethrow_exception(second);
    } catch (const std::exception& error) {
        text = error.what();
    }
    return failures > 2 ? concat(" (then: ", text, "; and ", failures - 2, " more)")
                        : concat(" (then: ", text, ")");
}

}  // namespace

Group::Group(CancelScope& parent) : parent_(parent), entry_(scope_, parent) {}

Group::~Group() {
    assert(running_ == 0);
}

void Group::spawn(Task<> task) {
    ++running_;
    std::move(task).start(scope_, *this);
}

void Group::child_finished(std::coroutine_handle<> child, std::exception_ptr error) noexcept {
    child.destroy();
    if (error) {
        fail(std::move(error));
    }
    --running_;
    if (running_ == 0 && join_ != nullptr) {
        std::exchange(join_, nullptr)->fire();
    }
}

void Group::fail(std::exception_ptr error) noexcept {
    if (is_cancellation(error) && scope_.cancelled()) {
        interrupted_ = true;
    } else if (++failures_ == 1) {
        first_failure_ = std::move(error);
    } else if (failures_ == 2) {
        second_failure_ = std::move(error);
    }
    scope_.cancel();
}

bool Group::Join::await_suspend(std::coroutine_handle<> self) {
    if (!begin()) {
        return false;
    }
    arm(self, group_.scope_.ready());
    group_.join_ = this;
    return true;
}

void Group::throw_outcome() const {
    if (!first_failure_) {
        if (interrupted_ && parent_.cancelled()) {
            throw Cancelled();
        }
        return;
    }
    if (!second_failure_) {
        std::rethrow_exception(first_failure_);
    }
    try {
        std::rethrow_exception(first_failure_);
    } catch (const Error& error) {
        throw Error(
            concat(error.message(), note_on_rest(second_failure_, failures_)), error.error_number()
        );
    }
}

}  // namespace corun::async
