// Running a program of the host by clone(CLONE_VM | CLONE_VFORK): the parent sleeps until the child
// has executed, so the child may use the parent's memory, and tells why it could not by writing to
// it. Between clone and execve the child allocates nothing, throws nothing and calls only what
// signal handlers may call.
#include "corun/sys/spawn.hpp"

#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace corun::sys {

namespace {

/// What the child reads, and where it writes what went wrong.
struct Launch {
    const char* path = nullptr;
    char* const* arguments = nullptr;
    char* const* environment = nullptr;
    const char* directory = nullptr;
    std::array<int, 3> standard = {};
    bool own_session = false;
    pid_t parent_to_die_with = 0;  // 0: none

    const char* failed_call = nullptr;
    const char* failed_object = "";
    int error_number = 0;
};

[[nodiscard]] bool fail(Launch& launch, const char* call, const char* object = "") {
    launch.failed_call = call;
    launch.failed_object = object;
    launch.error_number = errno;
    return false;
}

/// Handlers are the parent's functions and must not run in the child; ignored signals, which
/// execve(2) would keep ignored, are not the program's wish either.
void reset_signals() {
    struct sigaction by_default = {};
    by_default.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal) {
        // SIGKILL, SIGSTOP and what the C library keeps for itself refuse; that is fine.
        (void)::sigaction(signal, &by_default, nullptr);
    }
    sigset_t none;
    (void)::sigemptyset(&none);                        // cannot fail
    (void)::sigprocmask(SIG_SETMASK, &none, nullptr);  // nor can this
}

[[nodiscard]] bool place_standard_descriptors(Launch& launch) {
    constexpr int kFirstFree = 3;
    // Those numbered 0 to 2 move away first: they might be overwritten before their turn.
    for (int& fd : launch.standard) {
        if (fd < kFirstFree) {
            fd = ::fcntl(fd, F_DUPFD_CLOEXEC, kFirstFree);
            if (fd < 0) {
                return fail(launch, "fcntl(F_DUPFD)");
            }
        }
    }
    for (int target = 0; target < kFirstFree; ++target) {
        if (::dup2(launch.standard[static_cast<std::size_t>(target)], target) < 0) {
            return fail(launch, "dup2");
        }
    }
    // Ours are CLOEXEC; what a caller passed on to us (LISTEN_FDS) is not the program's.
    constexpr unsigned kCloseRangeCloexec = 1U << 2U;
    if (::syscall(SYS_close_range, kFirstFree, ~0U, kCloseRangeCloexec) < 0) {
        return fail(launch, "close_range");
    }
    return true;
}

/// A parent that died before the request is not told of any more: then its child has another.
[[nodiscard]] bool die_with_parent(Launch& launch) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
        return fail(launch, "prctl(PR_SET_PDEATHSIG)");
    }
    if (::getppid() != launch.parent_to_die_with) {
        ::_exit(EXIT_FAILURE);
    }
    return true;
}

[[nodiscard]] bool execute(Launch& launch) {
    reset_signals();
    if (launch.parent_to_die_with != 0 && !die_with_parent(launch)) {
        return false;
    }
    if (launch.own_session && ::setsid() < 0) {
        return fail(launch, "setsid");
    }
    if (launch.directory != nullptr && ::chdir(launch.directory) < 0) {
        return fail(launch, "chdir", launch.directory);
    }
    if (!place_standard_descriptors(launch)) {
        return false;
    }
    ::execve(launch.path, launch.arguments, launch.environment);
    return fail(launch, "exec", launch.path);
}

int child_main(void* launch) {
    (void)execute(*static_cast<Launch*>(launch));  // returns only with the failure noted
    constexpr int kNotExecutable = 127;
    ::_exit(kNotExecutable);
}

/// Blocks all signals: a handler that ran in the child would run in the parent's memory.
class AllSignalsBlocked : NonCopyable {
public:
    AllSignalsBlocked() {
        sigset_t all;
        (void)::sigfillset(&all);                              // cannot fail
        (void)::pthread_sigmask(SIG_SETMASK, &all, &former_);  // nor can this
    }

    AllSignalsBlocked(const AllSignalsBlocked&) = delete;
    AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
    AllSignalsBlocked(AllSignalsBlocked&&) = delete;
    AllSignalsBlocked& operator=(AllSignalsBlocked&&) = delete;

    ~AllSignalsBlocked() { (void)::pthread_sigmask(SIG_SETMASK, &former_, nullptr); }

private:
    sigset_t former_ = {};
};

Pidfd run_child(Launch& launch) {
    constexpr std::size_t kStackBytes = 64 * 1024;  // execve with few locals needs a fraction
    const auto stack = std::make_unique_for_overwrite<std::byte[]>(kStackBytes);
    const AllSignalsBlocked blocked;
    int pidfd = -1;
    const int pid = ::clone(
        child_main,
        stack.get() + kStackBytes - alignof(std::max_align_t),
        CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
        &launch,
        &pidfd
    );
    if (pid < 0) {
        throw_errno("clone");
    }
    return {pid, UniqueFd(pidfd)};
}

/// A null-terminated array of pointers to the texts.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (const std::string& text : texts) {
        pointers.push_back(const_cast<char*>(text.c_str()));  // execve(2) does not write to them
    }
    pointers.push_back(nullptr);
    return pointers;
}

/// A directory of $PATH that may not be searched is one without it, as for execvp(3).
[[nodiscard]] bool is_executable_file(const std::string& path) {
    struct stat status = {};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Pidfd spawn(const SpawnRequest& request) {
    const std::vector<std::string> path_alone = {request.path};
    const std::vector<char*> arguments =
        pointers_to(request.arguments.empty() ? path_alone : request.arguments);
    const std::vector<char*> environment = pointers_to(request.environment);
    UniqueFd null_device;
    if (!request.standard_input || !request.standard_output || !request.standard_error) {
        null_device = open("/dev/null", O_RDWR);
    }
    const auto number_of = [&](const std::optional<FdRef>& fd) {
        return fd ? fd->number() : null_device.ref().number();
    };
    Launch launch = {
        .path = request.path.c_str(),
        .arguments = arguments.data(),
        .environment = environment.data(),
        .directory = request.directory.empty() ? nullptr : request.directory.c_str(),
        .standard =
            {number_of(request.standard_input),
             number_of(request.standard_output),
             number_of(request.standard_error)},
        .own_session = request.session == Session::own,
        .parent_to_die_with = request.lifetime == Lifetime::of_caller ? ::getpid() : 0,
    };
    Pidfd child = run_child(launch);
    if (launch.error_number != 0) {
        (void)child.wait();  // reap; the reason is known
        throw_errno_value(launch.error_number, launch.failed_call, launch.failed_object);
    }
    return child;
}

bool signal_process_group(const Pidfd& leader, int signal) {
    if (::kill(-leader.pid(), signal) == 0) {
        return true;
    }
    if (errno == ESRCH) {
        return false;
    }
    throw_errno(concat("kill(-", leader.pid(), ", ", signal, ")"));
}

std::vector<std::string> current_environment() {
    std::vector<std::string> variables;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        variables.emplace_back(*variable);
    }
    return variables;
}

std::optional<std::string> find_program(const std::string& name) {
    const char* path = ::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): one thread
    constexpr std::string_view kDefault =
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for (const std::string_view directory : split(path == nullptr ? kDefault : path, ':')) {
        if (!directory.starts_with('/')) {
            continue;
        }
        std::string candidate = concat(directory, "/", name);
        if (is_executable_file(candidate)) {
            return candidate;
        }
    }
    return std::nullopt;
}

}  // namespace corun::sys
