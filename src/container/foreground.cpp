// Staying with a process until it ends. Parent side, one loop; nothing polls.
#include "corun/container/foreground.hpp"

#include "corun/async/child_exit.hpp"
#include "corun/async/group.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/console.hpp"
#include "corun/container/notify_socket.hpp"

#include <sys/signalfd.h>

#include <array>
#include <csignal>
#include <optional>
#include <utility>

namespace corun::container {

namespace {

constexpr std::array kNotForwarded{
    SIGCHLD,
    SIGURG,
    SIGWINCH,
    SIGPIPE,  // this process' own
    SIGSEGV,
    SIGBUS,
    SIGFPE,
    SIGILL,
    SIGTRAP,
    SIGABRT,
    SIGSYS,  // faults
};

async::Task<> forward_signals(async::SignalStream* signals, const sys::Pidfd* process) {
    while (true) {
        const std::optional<signalfd_siginfo> signal = co_await signals->next_or_cancelled();
        if (!signal) {
            co_return;
        }
        (void)process->send_signal(static_cast<int>(signal->ssi_signo));  // gone: its exit is near
    }
}

sys::Pidfd open_again(const sys::Pidfd& process) {
    std::optional<sys::Pidfd> again = sys::Pidfd::try_open(process.pid());
    if (!again) {
        throw Error(concat("process ", process.pid(), " is gone"));
    }
    return std::move(*again);
}

async::Task<> wait_for_end(
    async::Group& group, Stay* stay, std::optional<sys::ExitStatus>* status
) {
    group.spawn(forward_signals(stay->signals, stay->process));
    if (stay->notify) {
        group.spawn(forward_notify(
            std::move(stay->notify), stay->notify_address, open_again(*stay->process)
        ));
    }
    if (stay->console) {
        co_await relay_terminal(std::move(stay->console), open_again(*stay->process));
    }
    *status = co_await async::exit_of(*stay->process);
    group.cancel();
}

}  // namespace

sigset_t forwarded_signals() {
    sigset_t set = {};
    ::sigfillset(&set);
    for (const int signal : kNotForwarded) {
        ::sigdelset(&set, signal);
    }
    return set;
}

async::Task<sys::ExitStatus> stay_in_foreground(Stay stay) {
    std::optional<sys::ExitStatus> status;
    co_await async::with_group(wait_for_end, &stay, &status);
    co_return *status;
}

}  // namespace corun::container
