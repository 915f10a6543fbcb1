// Making and changing processes. Used on both sides of clone3.
#include "corun/sys/process.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/uapi.hpp"

#include <climits>

#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace corun::sys {

namespace {

void prctl_or_throw(int option, unsigned long value, const char* name) {
    if (::prctl(option, value, 0UL, 0UL, 0UL) < 0) {
        throw_errno(concat("prctl(", name, ")"));
    }
}

}  // namespace

Cloned clone3(std::uint64_t flags, std::optional<FdRef> cgroup) {
    int pidfd = -1;
    struct clone_args args = {};
    args.flags = flags | CLONE_PIDFD;
    args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    // With CLONE_PARENT the child takes over its sibling's exit signal and must not name one.
    args.exit_signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
    if (cgroup) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = static_cast<std::uint64_t>(cgroup->number());
    }
    const long pid = ::syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0) {
        throw_errno("clone3");
    }
    if (pid == 0) {
        return Cloned{.pid = 0, .process = Pidfd()};
    }
    const auto number = static_cast<pid_t>(pid);
    return Cloned{.pid = number, .process = Pidfd(number, UniqueFd(pidfd))};
}

void setns(FdRef fd, int kind) {
    if (::setns(fd.number(), kind) < 0) {
        throw_errno("setns");
    }
}

void unshare(int flags) {
    if (::unshare(flags) < 0) {
        throw_errno("unshare");
    }
}

int namespace_kind(FdRef fd) {
    return ::ioctl(fd.number(), NS_GET_NSTYPE);
}

void setsid() {
    if (::setsid() < 0) {
        throw_errno("setsid");
    }
}

void chdir(const std::string& path) {
    if (::chdir(path.c_str()) < 0) {
        throw_errno("chdir", path);
    }
}

int chdir_errno(const std::string& path) {
    return ::chdir(path.c_str()) < 0 ? errno : 0;
}

void fchdir(FdRef directory) {
    if (::fchdir(directory.number()) < 0) {
        throw_errno("fchdir");
    }
}

void chroot(const std::string& path) {
    if (::chroot(path.c_str()) < 0) {
        throw_errno("chroot", path);
    }
}

void execve(const char* path, char* const* argv, char* const* envp) {
    ::execve(path, argv, envp);
    throw_errno("exec", path);
}

int execve_errno(const char* path, char* const* argv, char* const* envp) noexcept {
    ::execve(path, argv, envp);
    return errno;
}

void reset_signals() {
    // Zeroes are SIG_DFL, no flags, empty mask, whatever the order of the kernel's struct; glibc's
    // wrapper would refuse the two signals it uses itself, which are inherited like others.
    constexpr std::array<unsigned char, 64> kDefaultAction{};
    constexpr std::size_t kSetSize = (_NSIG - 1) / 8;
    for (int signal = 1; signal < _NSIG; ++signal) {
        // SIGKILL and SIGSTOP refuse (EINVAL): they have no other disposition.
        (void)::syscall(SYS_rt_sigaction, signal, kDefaultAction.data(), nullptr, kSetSize);
    }
    sigset_t none;
    ::sigemptyset(&none);
    if (::sigprocmask(SIG_SETMASK, &none, nullptr) < 0) {
        throw_errno("sigprocmask");
    }
}

void exit_upon(int signal) {
    constexpr int kSignalled = 128;
    struct sigaction action = {};
    action.sa_handler = [](int caught) { ::_exit(kSignalled + caught); };
    if (::sigaction(signal, &action, nullptr) < 0) {
        throw_errno("sigaction");
    }
}

std::optional<std::string> try_getcwd() {
    std::array<char, PATH_MAX> path{};
    // glibc's getcwd() hides the kernel's "(unreachable)/…" behind a walk of "..".
    if (::syscall(SYS_getcwd, path.data(), path.size()) < 0) {
        if (errno == ENOENT) {  // the directory was removed
            return std::nullopt;
        }
        throw_errno("getcwd");
    }
    if (path.front() != '/') {
        return std::nullopt;
    }
    return std::string(path.data());
}

void mark_close_on_exec_from(unsigned first) {
    constexpr unsigned kCloseRangeCloexec = 1U << 2U;  // Linux 5.11; linux/close_range.h
    if (::syscall(SYS_close_range, first, ~0U, kCloseRangeCloexec) < 0) {
        throw_errno("close_range");
    }
}

void close_range(unsigned first, unsigned last) {
    if (::syscall(SYS_close_range, first, last, 0U) < 0) {
        throw_errno("close_range");
    }
}

void unshare_descriptors_below(unsigned first) {
    constexpr unsigned kCloseRangeUnshare = 1U << 1U;  // linux/close_range.h
    if (::syscall(SYS_close_range, first, ~0U, kCloseRangeUnshare) < 0) {
        throw_errno("close_range");
    }
}

void dup2(FdRef source, int target) {
    int result = -1;
    do {
        result = ::dup2(source.number(), target);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        throw_errno("dup2");
    }
}

void set_close_on_exec(FdRef fd, bool on) {
    if (::fcntl(fd.number(), F_SETFD, on ? FD_CLOEXEC : 0) < 0) {
        throw_errno("fcntl(F_SETFD)");
    }
}

std::optional<EndedChild> try_reap_any_child() {
    siginfo_t info = {};
    // Looked at first and reaped later: only a process that is still there has a start time.
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0) {
        if (errno == ECHILD) {
            return std::nullopt;
        }
        throw_errno("waitid");
    }
    if (info.si_pid == 0) {
        return std::nullopt;
    }
    EndedChild ended;
    std::optional<ProcessStat> stat;
    try {
        stat = try_process_stat(info.si_pid);
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): no descriptor left; it must go all
                              // the same
    }
    ended.process = {.pid = info.si_pid, .start_time = stat ? stat->start_time : 0};
    const bool exited = info.si_code == CLD_EXITED;
    ended.status = {.code = exited ? info.si_status : 0, .signal = exited ? 0 : info.si_status};
    if (::waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED | WNOHANG) < 0) {
        throw_errno("waitid");
    }
    return ended;
}

void wait_for_any(std::initializer_list<FdRef> fds) {
    std::vector<pollfd> entries;
    for (const FdRef fd : fds) {
        entries.push_back({.fd = fd.number(), .events = POLLIN, .revents = 0});
    }
    int ready = -1;
    do {
        ready = ::poll(entries.data(), entries.size(), -1);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) {
        throw_errno("poll");
    }
}

void set_parent_death_signal(int signal) {
    prctl_or_throw(PR_SET_PDEATHSIG, static_cast<unsigned long>(signal), "PR_SET_PDEATHSIG");
}

void set_dumpable(bool dumpable) {
    prctl_or_throw(PR_SET_DUMPABLE, dumpable ? 1UL : 0UL, "PR_SET_DUMPABLE");
}

void set_no_new_privileges() {
    prctl_or_throw(PR_SET_NO_NEW_PRIVS, 1UL, "PR_SET_NO_NEW_PRIVS");
}

void set_process_name(const char* name) {
    prctl_or_throw(PR_SET_NAME, reinterpret_cast<unsigned long>(name), "PR_SET_NAME");
}

void set_child_subreaper() {
    prctl_or_throw(PR_SET_CHILD_SUBREAPER, 1UL, "PR_SET_CHILD_SUBREAPER");
}

std::uint64_t set_open_files_limit(std::uint64_t soft) {
    rlimit64 limit = {};
    if (::getrlimit64(RLIMIT_NOFILE, &limit) < 0) {
        throw_errno("getrlimit", "RLIMIT_NOFILE");
    }
    const std::uint64_t before = limit.rlim_cur;
    limit.rlim_cur = std::min<std::uint64_t>(soft, limit.rlim_max);
    if (::setrlimit64(RLIMIT_NOFILE, &limit) < 0) {
        throw_errno("setrlimit", "RLIMIT_NOFILE");
    }
    return before;
}

std::uint64_t raise_open_files_limit() {
    return set_open_files_limit(~std::uint64_t{0});
}

void sethostname(const std::string& name) {
    if (::sethostname(name.data(), name.size()) < 0) {
        throw_errno("sethostname", name);
    }
}

void setdomainname(const std::string& name) {
    if (::setdomainname(name.data(), name.size()) < 0) {
        throw_errno("setdomainname", name);
    }
}

SocketPair make_seqpacket_pair() {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()) < 0) {
        throw_errno("socketpair");
    }
    return {.first = UniqueFd(fds[0]), .second = UniqueFd(fds[1])};
}

Pipe make_pipe(int flags) {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC | flags) < 0) {
        throw_errno("pipe");
    }
    return {.read_end = UniqueFd(fds[0]), .write_end = UniqueFd(fds[1])};
}

}  // namespace corun::sys
