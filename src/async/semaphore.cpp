// Permits: counted, and handed straight to who waits longest. Runs in the parent.
#include "corun/async/semaphore.hpp"

namespace corun::async {

void Permit::release() noexcept {
    if (semaphore_ != nullptr) {
        std::exchange(semaphore_, nullptr)->give_back();
    }
}

bool Semaphore::Acquire::begin() {
    if (semaphore_.free_ > 0) {
        --semaphore_.free_;
        return false;
    }
    semaphore_.waiting_.push_back(*this);
    return true;
}

void Semaphore::give_back() noexcept {
    if (waiting_.empty()) {
        ++free_;
    } else {
        waiting_.pop_front().fire();  // the permit passes on; nobody can come in between
    }
}

}  // namespace corun::async
