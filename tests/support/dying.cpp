#include "dying.hpp"

#include "corun/base/text.hpp"
#include "proc.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace corun::test {

namespace {

[[noreturn]] void become(const std::vector<std::string>& command) {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int number : {0, 1, 2}) {
        ::dup2(null, number);
    }
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& word : command) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

/// The next stop or end of the traced process.
int wait_for(pid_t pid) {
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid) {
        throw HarnessError("waitpid of a traced process");
    }
    return status;
}

bool is_system_call(int status) {
    return WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80);
}

/// Signals are handed on, but for the SIGTRAP of an exec.
long signal_of(int status) {
    const bool is_signal = !is_system_call(status) && WSTOPSIG(status) != SIGTRAP;
    return is_signal ? WSTOPSIG(status) : 0;
}

}  // namespace

Death run_until_call(const std::vector<std::string>& command, unsigned call) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        become(command);
    }
    int status = wait_for(pid);  // at its exec
    if (!WIFSTOPPED(status)) {
        throw HarnessError(concat("cannot trace ", command[0]));
    }
    ::ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    unsigned stops = 0;  // two for each call: before and after
    while (WIFSTOPPED(status)) {
        if (is_system_call(status) && ++stops == 2 * call + 1) {
            ::kill(pid, SIGKILL);
            while (!WIFSIGNALED(status) && !WIFEXITED(status)) {
                status = wait_for(pid);
            }
            return Death::killed;
        }
        ::ptrace(PTRACE_SYSCALL, pid, nullptr, signal_of(status));
        status = wait_for(pid);
    }
    return Death::ended;
}

}  // namespace corun::test
