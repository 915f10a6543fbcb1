// Making and changing processes: clone3, execve, namespaces, prctl. One wrapper per syscall.
#pragma once

#include "corun/sys/fd.hpp"
#include "corun/sys/pidfd.hpp"

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

namespace corun::sys {

/// What clone3() gives: in the child `pid` is 0 and `pidfd` empty.
struct Cloned {
    pid_t pid = -1;
    Pidfd process;

    [[nodiscard]] bool in_child() const { return pid == 0; }
};

/// clone3(2) without CLONE_VM, like fork(2): CLONE_PIDFD is added, SIGCHLD is the exit signal
/// unless `flags` has CLONE_PARENT. With `cgroup` the child is born in that cgroup2 directory.
[[nodiscard]] Cloned clone3(std::uint64_t flags, std::optional<FdRef> cgroup = std::nullopt);

/// setns(2): `kind` is one CLONE_NEW* (checked against the fd) or 0 for any.
void setns(FdRef fd, int kind);
void unshare(int flags);

/// CLONE_NEW* of the namespace that `fd` refers to (ioctl_ns(2)); -1 if it is none.
[[nodiscard]] int namespace_kind(FdRef fd);
void setsid();
void chdir(const std::string& path);

/// As chdir(), but the errno (0: none) is returned, for callers to whom some failures are answers.
[[nodiscard]] int chdir_errno(const std::string& path);
void fchdir(FdRef directory);
void chroot(const std::string& path);

/// execve(2); returns only by throwing.
[[noreturn]] void execve(const char* path, char* const* argv, char* const* envp);

/// execve(2); returns the errno of its failure. Allocates nothing.
[[nodiscard]] int execve_errno(const char* path, char* const* argv, char* const* envp) noexcept;

/// Every signal to its default disposition, and none blocked.
void reset_signals();

/// Has the process exit with status 128 + `signal` when that comes.
void exit_upon(int signal);

/// The working directory's absolute path; nothing if the root of this process does not lead to it.
[[nodiscard]] std::optional<std::string> try_getcwd();

/// close_range(2): marks every descriptor from `first` on CLOEXEC.
void mark_close_on_exec_from(unsigned first);

/// close_range(2): closes [first, last].
void close_range(unsigned first, unsigned last);

/// For a child that shares its parent's descriptors (CLONE_FILES): from here on it has its own,
/// those below `first`. The others are never copied, so they cost nothing.
void unshare_descriptors_below(unsigned first);

/// dup2(2): `target` becomes a copy, not CLOEXEC.
void dup2(FdRef source, int target);

/// Clears or sets FD_CLOEXEC.
void set_close_on_exec(FdRef fd, bool on);

/// A child that was reaped, as it was while it lived.
struct EndedChild {
    ProcessIdentity process;
    ExitStatus status;
};

/// Reaps one child that has ended; nothing if there is none now. Only for a subreaper, which cannot
/// know all its children: everybody else waits for each by its pidfd.
[[nodiscard]] std::optional<EndedChild> try_reap_any_child();

/// Blocks until one of the descriptors is readable.
void wait_for_any(std::initializer_list<FdRef> fds);

/// prctl(PR_SET_PDEATHSIG): 0 clears.
void set_parent_death_signal(int signal);
void set_dumpable(bool dumpable);
void set_no_new_privileges();
void set_process_name(const char* name);
void set_child_subreaper();

/// RLIMIT_NOFILE's soft limit becomes `soft`; what it was.
std::uint64_t set_open_files_limit(std::uint64_t soft);

/// It becomes as high as the hard limit; what it was.
std::uint64_t raise_open_files_limit();

void sethostname(const std::string& name);
void setdomainname(const std::string& name);

/// An anonymous SOCK_SEQPACKET pair, CLOEXEC.
struct SocketPair {
    UniqueFd first;
    UniqueFd second;
};

[[nodiscard]] SocketPair make_seqpacket_pair();

/// pipe2(2) with O_CLOEXEC and `flags`.
struct Pipe {
    UniqueFd read_end;
    UniqueFd write_end;
};

[[nodiscard]] Pipe make_pipe(int flags = 0);

}  // namespace corun::sys
