// Owning and borrowing file descriptors. Any process, any privileges.
#include "corun/sys/fd.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace corun::sys {

FdRef FdRef::cwd() {
    return FdRef(AT_FDCWD);
}

void UniqueFd::reset() noexcept {
    if (number_ >= 0) {
        ::close(std::exchange(number_, -1));
    }
}

std::string proc_self_fd(FdRef fd) {
    return concat("/proc/self/fd/", fd.number());
}

UniqueFd duplicate(FdRef fd, int lowest) {
    const int copy = ::fcntl(fd.number(), F_DUPFD_CLOEXEC, lowest);
    if (copy < 0) {
        throw_errno("fcntl(F_DUPFD_CLOEXEC)");
    }
    return UniqueFd(copy);
}

void set_non_blocking(FdRef fd) {
    const int flags = ::fcntl(fd.number(), F_GETFL);
    if (flags < 0 || ::fcntl(fd.number(), F_SETFL, flags | O_NONBLOCK) < 0) {
        throw_errno("fcntl(F_SETFL)");
    }
}

}  // namespace corun::sys
