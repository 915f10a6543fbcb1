// Processes as descriptors: signalled and waited for by pidfd, so that a reused pid is never met.
#pragma once

#include "corun/sys/fd.hpp"

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <utility>

namespace corun::sys {

/// How a process ended: exit code, or the signal that killed it.
struct ExitStatus {
    int code = 0;
    int signal = 0;  // 0: ended by exit

    /// What a shell reports: the code, or 128 + signal.
    [[nodiscard]] int shell_code() const { return signal == 0 ? code : 128 + signal; }

    [[nodiscard]] bool success() const { return signal == 0 && code == 0; }
};

/// A process held by its pidfd. `pid` is for display and /proc only.
class Pidfd {
public:
    Pidfd() = default;

    Pidfd(pid_t pid, UniqueFd fd) : pid_(pid), fd_(std::move(fd)) {}

    /// pidfd_open(2); nothing when there is no such process (ESRCH).
    [[nodiscard]] static std::optional<Pidfd> try_open(pid_t pid);

    [[nodiscard]] pid_t pid() const { return pid_; }

    [[nodiscard]] FdRef fd() const { return fd_.ref(); }

    [[nodiscard]] explicit operator bool() const { return static_cast<bool>(fd_); }

    /// pidfd_send_signal(2); false when the process is gone (ESRCH).
    [[nodiscard]] bool send_signal(int signal) const;

    /// waitid(2) on a child, blocking.
    [[nodiscard]] ExitStatus wait() const;

    /// waitid(2) on a child; nothing while it runs.
    [[nodiscard]] std::optional<ExitStatus> try_wait() const;

    /// As try_wait(); nothing also for a process that is no child (ECHILD).
    [[nodiscard]] std::optional<ExitStatus> try_wait_if_child() const;

    /// How a process that somebody else has reaped did end (PIDFD_GET_INFO); nothing before that,
    /// and where the kernel does not tell (before Linux 6.15).
    [[nodiscard]] std::optional<ExitStatus> try_recorded_exit() const;

    /// True once the process has ended (also for one that is not a child).
    [[nodiscard]] bool has_exited() const;

    /// Blocks until it has ended (true) or `time` is over (false).
    [[nodiscard]] bool exits_within(std::chrono::milliseconds time) const;

private:
    pid_t pid_ = 0;
    UniqueFd fd_;
};

/// Kills and reaps its child when the scope ends, unless released: the transaction idiom for
/// launch.
class ChildGuard {
public:
    explicit ChildGuard(Pidfd child) : child_(std::move(child)) {}

    ChildGuard(ChildGuard&&) noexcept = default;
    ChildGuard& operator=(ChildGuard&&) = delete;
    ChildGuard(const ChildGuard&) = delete;
    ChildGuard& operator=(const ChildGuard&) = delete;
    ~ChildGuard();

    [[nodiscard]] const Pidfd& child() const { return child_; }

    [[nodiscard]] Pidfd release() { return std::exchange(child_, Pidfd()); }

private:
    Pidfd child_;
};

/// Start time of a process in clock ticks since boot (/proc/PID/stat, field 22): with the pid it
/// names a process for ever, until reboot. Nothing when the process is gone or is a zombie.
struct ProcessIdentity {
    pid_t pid = 0;
    std::uint64_t start_time = 0;
};

/// Start time and state letter of a process.
struct ProcessStat {
    char state = '?';
    std::uint64_t start_time = 0;
    bool is_ending = false;  // it has been killed, or is on its way out: nothing can stop that
};

/// Nothing when there is no such process.
[[nodiscard]] std::optional<ProcessStat> try_process_stat(pid_t pid);

/// The process that `identity` names, if it still lives: a pid that was reused does not pass.
[[nodiscard]] std::optional<Pidfd> try_open_process(const ProcessIdentity& identity);

}  // namespace corun::sys
