// Signal masks and signalfd. Parent side; no privileges.
#include "corun/sys/signal.hpp"

#include "corun/base/error.hpp"

#include <unistd.h>

#include <cerrno>

namespace corun::sys {

sigset_t signal_set(std::initializer_list<int> signals) {
    sigset_t set = {};
    ::sigemptyset(&set);
    for (const int signal : signals) {
        if (::sigaddset(&set, signal) != 0) {
            throw_errno("sigaddset");
        }
    }
    return set;
}

sigset_t block_signals(const sigset_t& signals) {
    sigset_t former = {};
    const int error_number = ::pthread_sigmask(SIG_BLOCK, &signals, &former);
    if (error_number != 0) {
        throw_errno_value(error_number, "sigprocmask");
    }
    return former;
}

void set_signal_mask(const sigset_t& mask) noexcept {
    // Fails only for an invalid first argument. (pthread_sigmask(3))
    (void)::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

UniqueFd signalfd(const sigset_t& signals) {
    const int fd = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        throw_errno("signalfd");
    }
    return UniqueFd(fd);
}

std::optional<signalfd_siginfo> try_read_signal(FdRef signal_fd) {
    signalfd_siginfo info = {};
    ssize_t got = -1;
    do {
        got = ::read(signal_fd.number(), &info, sizeof info);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) {
        return std::nullopt;
    }
    if (got < 0) {
        throw_errno("read", "signalfd");
    }
    return info;  // never a part of one (signalfd(2))
}

}  // namespace corun::sys
