// runtime-spec config-linux#seccomp: what a filtered payload may call.
#include "capability.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/syscall.h>

#include <filesystem>

using namespace corun::test;

namespace {

Json deny(const std::vector<std::string>& names, const std::string& action) {
    return {
        {"defaultAction", "SCMP_ACT_ALLOW"},
        {"syscalls", {{{"names", names}, {"action", action}}}},
    };
}

Result run_with(Bundle& bundle, const std::vector<std::string>& command) {
    Runtime runtime;
    bundle.args(command);
    return runtime.run(bundle);
}

}  // namespace

TEST_CASE("seccomp: a call that is denied gives its errno, others work") {
    Bundle bundle;
    Json filter = deny({"mkdir", "mkdirat"}, "SCMP_ACT_ERRNO");
    filter["syscalls"][0]["errnoRet"] = ENOTTY;
    bundle.writable_root().linux_section()["seccomp"] = filter;

    const Result result = run_with(bundle, {"probe", "try-mkdir", "/x", ",", "try-write", "/y"});

    CHECK(has_line("mkdir /x: ENOTTY", result.out));
    CHECK(has_line("write /y: ok", result.out));
}

TEST_CASE("seccomp: EPERM is the errno unless given") {
    Bundle bundle;
    bundle.writable_root().linux_section()["seccomp"] =
        deny({"mkdir", "mkdirat"}, "SCMP_ACT_ERRNO");

    CHECK(run_with(bundle, {"probe", "try-mkdir", "/x"}).out == "mkdir /x: EPERM\n");
}

TEST_CASE("seccomp: SCMP_ACT_KILL_PROCESS ends the payload with SIGSYS") {
    Bundle bundle;
    bundle.writable_root().linux_section()["seccomp"] =
        deny({"mkdir", "mkdirat"}, "SCMP_ACT_KILL_PROCESS");

    CHECK(run_with(bundle, {"probe", "try-mkdir", "/x"}).exit_code == 128 + SIGSYS);
}

TEST_CASE("seccomp: an argument decides") {
    Bundle bundle;
    bundle.linux_section()["seccomp"] = {
        {"defaultAction", "SCMP_ACT_ALLOW"},
        {"syscalls",
         {{{"names", {"socket"}},
           {"action", "SCMP_ACT_ERRNO"},
           {"args", {{{"index", 0}, {"value", 1}, {"op", "SCMP_CMP_EQ"}}}}}}},
    };

    const Result result = run_with(bundle, {"probe", "try-socket", "1", ",", "try-socket", "2"});

    CHECK(has_line("socket 1: EPERM", result.out));
    CHECK(has_line("socket 2: ok", result.out));
}

TEST_CASE("seccomp: the default action applies to what is not listed") {
    Bundle bundle;
    bundle.linux_section()["seccomp"] = {
        {"defaultAction", "SCMP_ACT_ERRNO"},
        {"defaultErrnoRet", ENOSYS},
        {"syscalls",
         {{{"names",
            {"read",
             "write",
             "close",
             "exit",
             "exit_group",
             "execve",
             "brk",
             "mmap",
             "munmap",
             "mprotect",
             "arch_prctl",
             "set_tid_address",
             "set_robust_list",
             "rseq",
             "prlimit64",
             "readlink",
             "readlinkat",
             "getrandom",
             "fstat",
             "newfstatat",
             "rt_sigaction",
             "rt_sigprocmask",
             "rt_sigreturn",
             "futex",
             "close_range",
             "fcntl",
             "poll",
             "ppoll",
             "recvmsg",
             "sendmsg",
             "openat",
             "capget",
             "capset",
             "prctl",
             "setuid",
             "setgid",
             "setgroups",
             "chdir",
             "fstatfs",
             "getdents64",
             "statx",
             "setresuid",
             "setresgid",
             "getpid",
             "gettid",
             "tgkill",
             "getppid",
             "epoll_ctl",
             "epoll_pwait",
             "nanosleep",
             "sched_yield",
             "sched_getaffinity",
             "sigaltstack",
             "clone",
             "stat",
             "lstat",
             "access",
             "faccessat2",
             "faccessat",
             "madvise",
             "umask",
             "open",
             "getcwd"}},
           {"action", "SCMP_ACT_ALLOW"}}}},
    };

    CHECK(run_with(bundle, {"probe", "try-mkdir", "/x"}).out == "mkdir /x: ENOSYS\n");
}

TEST_CASE("seccomp: what is kept of a filter does not look like a container") {
    Runtime runtime;
    Bundle bundle;
    bundle.linux_section()["seccomp"] = deny({"mkdir", "mkdirat"}, "SCMP_ACT_ERRNO");

    CHECK(runtime.run(bundle).exit_code == 0);

    for (const auto& entry : std::filesystem::directory_iterator(runtime.root())) {
        CHECK(entry.path().filename().string().starts_with("."));
    }
}

TEST_CASE("seccomp: without noNewPrivileges it is loaded all the same") {
    Bundle bundle;
    bundle.process()["noNewPrivileges"] = false;
    bundle.writable_root().linux_section()["seccomp"] =
        deny({"mkdir", "mkdirat"}, "SCMP_ACT_ERRNO");

    const Result result = run_with(bundle, {"probe", "try-mkdir", "/x", ",", "security"});

    CHECK(has_line("mkdir /x: EPERM", result.out));
    CHECK(has_line("Seccomp=2", result.out));
    CHECK(has_line("NoNewPrivs=0", result.out));
}

TEST_CASE("seccomp: a process of exec is filtered too") {
    Runtime runtime;
    Bundle bundle;
    bundle.writable_root().linux_section()["seccomp"] =
        deny({"mkdir", "mkdirat"}, "SCMP_ACT_ERRNO");
    bundle.args({"probe", "pause"});
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");

    CHECK(container.exec({"probe", "try-mkdir", "/x"}).out == "mkdir /x: EPERM\n");
    runtime.expect_success({"delete", "--force", container.id()});
}

TEST_CASE("seccomp: a call that this machine does not have is passed over") {
    Bundle bundle;
    bundle.linux_section()["seccomp"] =
        deny({"no_such_call", "s390_runtime_instr"}, "SCMP_ACT_ERRNO");

    CHECK(run_with(bundle, {"probe", "exit", "0"}).exit_code == 0);
}

TEST_CASE("seccomp: an unknown action is an error that names it") {
    Bundle bundle;
    bundle.linux_section()["seccomp"] = deny({"mkdir"}, "SCMP_ACT_DANCE");

    CHECK(failed_saying("SCMP_ACT_DANCE", run_with(bundle, {"true"})));
}

TEST_CASE(
    "seccomp: an errno with an action that has none is an error" * needs(Capability::corun_itself)
) {
    Bundle bundle;
    Json filter = deny({"mkdir"}, "SCMP_ACT_KILL_PROCESS");
    filter["syscalls"][0]["errnoRet"] = 1;
    bundle.linux_section()["seccomp"] = filter;

    CHECK(failed_saying("/linux/seccomp/syscalls/0", run_with(bundle, {"true"})));
}

TEST_CASE("seccomp: without a filter there is none") {
    Bundle bundle;

    CHECK(has_line("Seccomp=0", run_with(bundle, {"probe", "security"}).out));
}
