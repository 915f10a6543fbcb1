// Waiting for descriptors. Runs in the parent.
#include "corun/async/ready.hpp"

#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <cerrno>

namespace corun::async {

bool FdReady::begin() {
    error_number_ = loop().poller().add(*this, fd_, direction_);
    return error_number_ == 0;
}

void FdReady::leave() noexcept {
    loop().poller().remove(fd_, direction_);
}

void FdReady::await_resume() const {
    throw_if_cancelled();
    // EPERM: a regular file or directory, on which no read or write ever waits. (epoll_ctl(2))
    if (error_number_ != 0 && error_number_ != EPERM) {
        throw_errno_value(error_number_, concat("epoll_ctl(", fd_.number(), ")"));
    }
}

bool FdReadyOrCancelled::await_resume() const {
    if (was_cancelled()) {
        return false;
    }
    FdReady::await_resume();
    return true;
}

}  // namespace corun::async
