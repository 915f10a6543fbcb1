// Namespaces made ahead. The process that makes them runs in the parent's memory beside it,
// with the parent's thread-local storage: it calls no function of the C library, allocates nothing,
// throws nothing and writes to nothing but its own stack.
#include "corun/sys/prepared_namespaces.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/raw_syscall.hpp"
#include "corun/sys/uapi.hpp"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <net/if.h>
#include <string>

namespace corun::sys {

namespace {

/// Which call failed, if any; goes through the pipe.
struct Result {
    enum class Call { none, unshare, socket, ioctl } call = Call::none;
    int error_number = 0;
};

Result failure(Result::Call call, long result) {
    return {.call = call, .error_number = static_cast<int>(-result)};
}

Result make_namespaces(int kinds) {
    const long unshared = raw_syscall(SYS_unshare, long{kinds});
    if (unshared < 0) {
        return failure(Result::Call::unshare, unshared);
    }
    // Any socket carries the ioctl; this kind needs no protocol in the kernel. It goes with us.
    const long socket = raw_syscall(SYS_socket, long{AF_UNIX}, long{SOCK_DGRAM}, 0L);
    if (socket < 0) {
        return failure(Result::Call::socket, socket);
    }
    struct ifreq request = {};
    request.ifr_name[0] = 'l';
    request.ifr_name[1] = 'o';
    request.ifr_flags = IFF_UP;
    const long up = raw_syscall(SYS_ioctl, socket, long{SIOCSIFFLAGS}, &request);
    return up < 0 ? failure(Result::Call::ioctl, up) : Result();
}

std::string names_of(int kinds) {
    std::string names = "CLONE_NEWNET";
    names += (kinds & CLONE_NEWIPC) != 0 ? "|CLONE_NEWIPC" : "";
    names += (kinds & CLONE_NEWUTS) != 0 ? "|CLONE_NEWUTS" : "";
    return names;
}

[[noreturn]] void throw_failure(const Result& result, int kinds) {
    switch (result.call) {
        case Result::Call::none:
        case Result::Call::unshare:
            throw_errno_value(result.error_number, concat("unshare(", names_of(kinds), ")"));
        case Result::Call::socket:
            throw_errno_value(result.error_number, "socket");
        case Result::Call::ioctl:
            throw_errno_value(result.error_number, "ioctl(SIOCSIFFLAGS)", "lo");
    }
    throw_errno_value(EPROTO, "make namespaces");
}

}  // namespace

int PreparedNamespaces::run(void* order) {
    const Order& mine = *static_cast<const Order*>(order);
    (void)raw_syscall(SYS_prctl, long{PR_SET_PDEATHSIG}, long{SIGKILL});  // cannot fail
    if (raw_syscall(SYS_getppid) == mine.parent) {
        const Result result = make_namespaces(mine.kinds);
        (void
        )raw_syscall(SYS_write, long{mine.result_fd}, &result, static_cast<long>(sizeof result));
        (void)raw_syscall(SYS_close, long{mine.result_fd});
        while (true) {
            // Until it is killed.
            (void)raw_syscall(SYS_ppoll, 0L, 0L, 0L, 0L, 0L);
        }
    }
    while (true) {
        (void)raw_syscall(SYS_exit_group, 0L);
    }
}

PreparedNamespaces::PreparedNamespaces(int others)
    : stack_(std::make_unique_for_overwrite<std::byte[]>(kStackBytes)) {
    Pipe pipe = make_pipe();
    order_ = {
        .parent = ::getpid(),
        .result_fd = pipe.write_end.ref().number(),
        .kinds = CLONE_NEWNET | others,
    };
    int pidfd = -1;
    const int pid = ::clone(
        run,
        stack_.get() + kStackBytes - alignof(std::max_align_t),
        CLONE_VM | CLONE_PIDFD | SIGCHLD,
        &order_,
        &pidfd
    );
    if (pid < 0) {
        throw_errno("clone");
    }
    process_.emplace(Pidfd(pid, UniqueFd(pidfd)));
    result_ = std::move(pipe.read_end);
}

void PreparedNamespaces::join() const {
    Result result;
    const Transferred read = try_read(result_, reinterpret_cast<char*>(&result), sizeof result);
    if (read.size != sizeof result) {
        throw_errno_value(ECHILD, "wait for the new namespaces");
    }
    if (result.error_number != 0) {
        throw_failure(result, order_.kinds);
    }
    setns(process_->child().fd(), order_.kinds);
}

}  // namespace corun::sys
