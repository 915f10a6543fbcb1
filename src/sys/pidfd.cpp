// Processes as descriptors. Parent side; needs no privileges beyond kill(2)'s.
#include "corun/sys/pidfd.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"

#include <climits>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace corun::sys {

namespace {

std::optional<ExitStatus> wait_for_exit(FdRef fd, int options) {
    siginfo_t info = {};
    int result = -1;
    do {
        result = ::waitid(
            static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(fd.number()), &info, options
        );
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        throw_errno("waitid");
    }
    if (info.si_pid == 0) {
        return std::nullopt;
    }
    if (info.si_code == CLD_EXITED) {
        return ExitStatus{.code = info.si_status, .signal = 0};
    }
    return ExitStatus{.code = 0, .signal = info.si_status};
}

}  // namespace

std::optional<Pidfd> Pidfd::try_open(pid_t pid) {
    const long fd = ::syscall(SYS_pidfd_open, pid, 0);
    if (fd >= 0) {
        return Pidfd(pid, UniqueFd(static_cast<int>(fd)));
    }
    // EINVAL is pidfd_open's answer for a pid that cannot exist. (pidfd_open(2))
    if (errno == ESRCH || errno == EINVAL) {
        return std::nullopt;
    }
    throw_errno(concat("pidfd_open(", pid, ")"));
}

bool Pidfd::send_signal(int signal) const {
    if (::syscall(SYS_pidfd_send_signal, fd_.ref().number(), signal, nullptr, 0) == 0) {
        return true;
    }
    if (errno == ESRCH) {
        return false;
    }
    throw_errno(concat("pidfd_send_signal(", pid_, ", ", signal, ")"));
}

ExitStatus Pidfd::wait() const {
    return *wait_for_exit(fd_, WEXITED);
}

std::optional<ExitStatus> Pidfd::try_wait() const {
    return wait_for_exit(fd_, WEXITED | WNOHANG);
}

std::optional<ExitStatus> Pidfd::try_wait_if_child() const {
    try {
        return try_wait();
    } catch (const Error& error) {
        if (error.error_number() == ECHILD) {
            return std::nullopt;
        }
        throw;
    }
}

std::optional<ExitStatus> Pidfd::try_recorded_exit() const {
    struct pidfd_info info = {};
    info.mask = PIDFD_INFO_EXIT;
    const int result = ::ioctl(fd_.ref().number(), PIDFD_GET_INFO, &info);
    // EINVAL, ENOTTY: the kernel does not know the call; ESRCH: nor the process any more.
    if (result < 0 || (info.mask & PIDFD_INFO_EXIT) == 0) {
        return std::nullopt;
    }
    const int status = info.exit_code;
    if (WIFSIGNALED(status)) {
        return ExitStatus{.code = 0, .signal = WTERMSIG(status)};
    }
    return ExitStatus{.code = WEXITSTATUS(status), .signal = 0};
}

bool Pidfd::has_exited() const {
    pollfd entry = {.fd = fd_.ref().number(), .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 0) == 1;
}

bool Pidfd::exits_within(std::chrono::milliseconds time) const {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point deadline = Clock::now() + time;
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        const auto wait = std::clamp<std::int64_t>(left.count(), 0, INT_MAX);
        pollfd entry = {.fd = fd_.ref().number(), .events = POLLIN, .revents = 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(wait));
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            throw_errno("poll");
        }
        if (Clock::now() >= deadline) {
            return false;
        }
    }
}

ChildGuard::~ChildGuard() {
    if (!child_) {
        return;
    }
    try {
        (void)child_.send_signal(SIGKILL);  // already gone is fine
        (void)child_.wait();                // reap; the status of a killed child tells nothing
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): a destructor has nobody to tell
    }
}

std::optional<ProcessStat> try_process_stat(pid_t pid) {
    std::optional<std::string> text;
    try {
        text = try_read_file(FdRef::cwd(), concat("/proc/", pid, "/stat"));
    } catch (const Error& error) {
        if (error.error_number() == ESRCH) {  // it ended between open and read
            return std::nullopt;
        }
        throw;
    }
    if (!text) {
        return std::nullopt;
    }
    // The name in field 2 may hold anything, also ')': fields are counted from the last one.
    // (proc(5))
    const std::size_t name_end = text->rfind(')');
    if (name_end == std::string::npos) {
        throw Error(concat("/proc/", pid, "/stat: no ')' in ", quote(*text)));
    }
    const std::vector<std::string_view> fields =
        split(std::string_view(*text).substr(name_end + 1), ' ');
    constexpr std::size_t kState = 1;       // field 3
    constexpr std::size_t kFlags = 7;       // field 9: PF_* of the kernel
    constexpr std::size_t kStartTime = 20;  // field 22
    constexpr std::size_t kPending = 29;    // field 31: of the thread, as a mask
    if (fields.size() <= kPending || fields[kState].size() != 1) {
        throw Error(concat("/proc/", pid, "/stat: too few fields in ", quote(*text)));
    }
    const auto start_time = parse_number<std::uint64_t>(fields[kStartTime]);
    if (!start_time) {
        throw Error(concat("/proc/", pid, "/stat: bad start time in ", quote(*text)));
    }
    constexpr std::uint64_t kExiting = 0x4;
    constexpr std::uint64_t kKill = std::uint64_t{1} << (SIGKILL - 1U);
    const auto has_bit = [&](std::size_t field, std::uint64_t bit) {
        return (parse_number<std::uint64_t>(fields[field]).value_or(0) & bit) != 0;
    };
    return ProcessStat{
        .state = fields[kState].front(),
        .start_time = *start_time,
        // The kernel makes a fatal signal SIGKILL, pending for each thread.
        .is_ending = has_bit(kFlags, kExiting) || has_bit(kPending, kKill),
    };
}

std::optional<Pidfd> try_open_process(const ProcessIdentity& identity) {
    if (identity.pid <= 0) {
        return std::nullopt;
    }
    // The pidfd first, the start time after: the pid cannot be reused while the pidfd shows it
    // alive.
    std::optional<Pidfd> process = Pidfd::try_open(identity.pid);
    if (!process) {
        return std::nullopt;
    }
    const std::optional<ProcessStat> stat = try_process_stat(identity.pid);
    if (!stat || stat->start_time != identity.start_time || stat->state == 'Z' ||
        stat->state == 'X') {
        return std::nullopt;
    }
    return process;
}

}  // namespace corun::sys
