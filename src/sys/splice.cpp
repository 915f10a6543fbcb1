// splice(2) and tee(2). Used by the supervisor's logs.
#include "corun/sys/splice.hpp"

#include "corun/base/error.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <cerrno>

namespace corun::sys {

namespace {

Transferred transferred(ssize_t result) {
    if (result < 0) {
        return {.size = 0, .error_number = errno};
    }
    return {.size = static_cast<std::size_t>(result), .error_number = 0};
}

}  // namespace

Transferred try_splice(FdRef from, FdRef to, std::size_t size) {
    ssize_t result = -1;
    do {
        result = ::splice(
            from.number(), nullptr, to.number(), nullptr, size, SPLICE_F_NONBLOCK | SPLICE_F_MOVE
        );
    } while (result < 0 && errno == EINTR);
    return transferred(result);
}

Transferred try_tee(FdRef from, FdRef to, std::size_t size) {
    ssize_t result = -1;
    do {
        result = ::tee(from.number(), to.number(), size, SPLICE_F_NONBLOCK);
    } while (result < 0 && errno == EINTR);
    return transferred(result);
}

std::size_t readable_bytes(FdRef pipe) {
    int count = 0;
    if (::ioctl(pipe.number(), FIONREAD, &count) < 0) {
        throw_errno("ioctl(FIONREAD)");
    }
    return static_cast<std::size_t>(count);
}

bool has_writer(FdRef pipe) {
    struct pollfd state = {.fd = pipe.number(), .events = 0, .revents = 0};
    if (::poll(&state, 1, 0) < 0) {
        throw_errno("poll");
    }
    return (state.revents & POLLHUP) == 0;
}

void limit_capacity(FdRef pipe, FdRef model) {
    const int wanted = ::fcntl(model.number(), F_GETPIPE_SZ);
    const int present = ::fcntl(pipe.number(), F_GETPIPE_SZ);
    if (wanted < 0 || present < 0) {
        throw_errno("fcntl(F_GETPIPE_SZ)");
    }
    if (present > wanted && ::fcntl(pipe.number(), F_SETPIPE_SZ, wanted) < 0) {
        throw_errno("fcntl(F_SETPIPE_SZ)");
    }
}

}  // namespace corun::sys
