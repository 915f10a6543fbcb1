// spawn() with real programs.
#include "corun/sys/spawn.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

using namespace corun;

namespace {

struct Ran {
    sys::ExitStatus status;
    std::string output;
};

Ran run(sys::SpawnRequest request) {
    sys::Pipe pipe = sys::make_pipe();
    request.standard_output = pipe.write_end.ref();
    request.standard_error = pipe.write_end.ref();
    const sys::Pidfd child = sys::spawn(request);
    pipe.write_end.reset();
    std::string output = sys::read_all(pipe.read_end, 1 << 20);
    return {.status = child.wait(), .output = std::move(output)};
}

Ran shell(const std::string& script, std::vector<std::string> environment = {}) {
    return run(
        {.path = "/bin/sh",
         .arguments = {"sh", "-c", script},
         .environment = std::move(environment)}
    );
}

}  // namespace

TEST_CASE("spawn: arguments, environment and exit status are the program's") {
    const Ran ran = shell("echo \"$A:$B\"; exit 7", {"A=one", "B=two words"});

    CHECK(ran.output == "one:two words\n");
    CHECK(ran.status.code == 7);
}

TEST_CASE("spawn: without arguments argv[0] is the path") {
    const Ran ran = run({.path = "/bin/pwd", .directory = "/proc"});

    CHECK(ran.output == "/proc\n");
}

TEST_CASE("spawn: a program that is not there is an exec error and leaves no child") {
    try {
        (void)sys::spawn({.path = "/nonexistent/program"});
        FAIL("spawn returned");
    } catch (const Error& error) {
        CHECK(
            std::string(error.what()) ==
            "exec(\"/nonexistent/program\"): No such file or directory (ENOENT)"
        );
    }
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
}

TEST_CASE("spawn: a working directory that is not there is named") {
    CHECK_THROWS_WITH_AS(
        (void)sys::spawn({.path = "/bin/true", .directory = "/nonexistent"}),
        "chdir(\"/nonexistent\"): No such file or directory (ENOENT)",
        Error
    );
}

TEST_CASE("spawn: ignored and blocked signals are back to normal in the program") {
    const auto former = std::signal(SIGPIPE, SIG_IGN);
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &blocked, &before);

    const Ran ran = shell("grep -E '^Sig(Blk|Ign):' /proc/self/status");

    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    (void)std::signal(SIGPIPE, former);
    CHECK(ran.output == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("spawn: only stdin, stdout and stderr stay open, also of descriptors without CLOEXEC") {
    const int leaked = ::open("/", O_RDONLY | O_DIRECTORY);  // NOLINT(android-cloexec-open)
    const Ran ran = shell("ls /proc/$$/fd");
    ::close(leaked);

    CHECK(ran.output == "0\n1\n2\n");
}

TEST_CASE("spawn: descriptors that swap places each arrive where they belong") {
    // stdout of this process becomes stdin of the program and the other way round.
    sys::Pipe in = sys::make_pipe();
    sys::Pipe out = sys::make_pipe();
    sys::write_all(in.write_end, "hello\n");
    in.write_end.reset();
    const sys::UniqueFd saved_in = sys::duplicate(sys::FdRef(0));
    const sys::UniqueFd saved_out = sys::duplicate(sys::FdRef(1));
    sys::dup2(in.read_end, 1);
    sys::dup2(out.write_end, 0);

    const sys::Pidfd child = sys::spawn(
        {.path = "/bin/cat", .standard_input = sys::FdRef(1), .standard_output = sys::FdRef(0)}
    );

    sys::dup2(saved_in, 0);
    sys::dup2(saved_out, 1);
    out.write_end.reset();
    CHECK(sys::read_all(out.read_end, 100) == "hello\n");
    CHECK(child.wait().success());
}

TEST_CASE("spawn: a session of its own makes the program the leader of a group that can be killed"
) {
    const sys::Pidfd child = sys::spawn(
        {.path = "/bin/sleep", .arguments = {"sleep", "1000"}, .session = sys::Session::own}
    );
    CHECK(::getsid(child.pid()) == child.pid());

    CHECK(sys::signal_process_group(child, SIGKILL));
    CHECK(child.wait().signal == SIGKILL);
    CHECK_FALSE(sys::signal_process_group(child, SIGKILL));
}

TEST_CASE("spawn: a program whose life is its caller's is killed with it, another is not") {
    for (const sys::Lifetime lifetime : {sys::Lifetime::of_caller, sys::Lifetime::its_own}) {
        sys::Pipe pipe = sys::make_pipe();
        const pid_t caller = ::fork();
        if (caller == 0) {
            const sys::Pidfd child = sys::spawn(
                {.path = "/bin/sleep",
                 .arguments = {"sleep", "1000"},
                 .session = sys::Session::own,
                 .lifetime = lifetime}
            );
            const pid_t pid = child.pid();
            sys::write_all(pipe.write_end, {reinterpret_cast<const char*>(&pid), sizeof pid});
            ::pause();
        }
        pid_t pid = 0;
        REQUIRE(
            sys::read_some(pipe.read_end, reinterpret_cast<char*>(&pid), sizeof pid) == sizeof pid
        );
        const sys::Pidfd child = sys::Pidfd::try_open(pid).value();
        ::kill(caller, SIGKILL);
        ::waitpid(caller, nullptr, 0);

        if (lifetime == sys::Lifetime::of_caller) {
            CHECK(child.exits_within(std::chrono::seconds(60)));
        } else {
            CHECK_FALSE(child.exits_within(std::chrono::milliseconds(20)));
            (void)child.send_signal(SIGKILL);
        }
    }
}

TEST_CASE("find_program: an executable is found by name and a missing one is not") {
    CHECK(sys::find_program("sh").value_or("").ends_with("/sh"));
    CHECK_FALSE(sys::find_program("no-such-program-anywhere"));
}
