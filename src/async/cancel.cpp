// The tree of cancel scopes. Runs in the parent, on the loop's thread only.
#include "corun/async/cancel.hpp"

#include "corun/async/loop.hpp"

#include <cassert>
#include <typeinfo>

namespace corun::async {

bool is_cancellation(const std::exception_ptr& error) noexcept {
    const std::type_info* const type = error.__cxa_exception_type();
    return type != nullptr && *type == typeid(Cancelled);
}

CancelScope::CancelScope(Loop& loop) : ready_(&loop) {}

Loop& CancelScope::loop() const {
    return static_cast<Loop&>(*ready_);  // the only class derived from ReadyQueue
}

CancelScope::~CancelScope() {
    assert(idle());
}

void CancelScope::attach(CancelScope& parent) {
    assert(!linked() && idle());
    ready_ = parent.ready_;
    shielded_ = false;
    cancelled_ = requested_ || parent.cancelled_;
    parent.children_.push_back(*this);
}

void CancelScope::attach_shielded(CancelScope& parent) {
    attach(parent);
    shielded_ = true;
    cancelled_ = requested_;
}

void CancelScope::detach() noexcept {
    assert(idle());
    unlink();
    cancelled_ = requested_;
}

void CancelScope::cancel() noexcept {
    requested_ = true;
    spread();
}

// As deep as scopes nest, which is as deep as the calls that opened them.
void CancelScope::spread() noexcept {
    if (cancelled_) {
        return;  // so is all below
    }
    cancelled_ = true;
    while (!waiters_.empty()) {
        waiters_.front().cancel();
    }
    children_.for_each([](CancelScope& child) {
        if (!child.shielded_) {
            child.spread();
        }
    });
}

Task<bool> in_scope(CancelScope& scope, Task<> task) {
    CancelScope& parent = co_await current_scope();
    const ScopeEntry entry(scope, parent);
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
