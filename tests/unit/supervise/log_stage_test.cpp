#include "corun/supervise/log_stage.hpp"

#include "corun/sys/splice.hpp"
#include "log_support.hpp"

#include <doctest/doctest.h>

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <csignal>

using namespace corun;
using namespace corun::supervise;
using namespace corun::supervise::testing;

namespace {

std::vector<sys::UniqueFd> copies(const std::vector<sys::FdRef>& fds) {
    std::vector<sys::UniqueFd> owned;
    for (const sys::FdRef fd : fds) {
        owned.push_back(sys::duplicate(fd));
    }
    return owned;
}

/// One supervisor's work: takes over the stage, and writes what is in the pipe.
void supervise_log(
    const std::vector<sys::FdRef>& kept, sys::FdRef pipe, const LogPolicy& policy, std::string path
) {
    LogStage stage = LogStage::from(copies(kept));
    UnitLog log("web", policy, std::move(path), stage);
    log.add_stream(sys::duplicate(pipe), LogStream::out);
    log.drain();
}

/// Runs `work` in a child and kills it at its n-th system call, half of which are about to begin
/// and half are done. False if it made fewer.
template <class Work>
bool killed_at(unsigned stop, const Work& work) {
    const pid_t child = ::fork();
    if (child == 0) {
        (void)::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        (void)::raise(SIGSTOP);
        work();
        ::_exit(0);
    }
    int status = 0;
    (void)::waitpid(child, &status, 0);
    for (unsigned i = 0; WIFSTOPPED(status) && i <= stop; ++i) {
        (void)::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
        (void)::waitpid(child, &status, 0);
    }
    if (!WIFSTOPPED(status)) {
        REQUIRE(status == 0);
        return false;
    }
    (void)::kill(child, SIGKILL);
    (void)::waitpid(child, &status, 0);
    return true;
}

/// Kills supervisors at each of their system calls in turn; `before` is in the file at first.
/// Returns how many were killed.
unsigned check_each_death(const LogPolicy& policy, std::string_view before) {
    const std::string bytes = numbered_lines(3000);  // 170 KB: some batches
    for (unsigned stop = 0;; ++stop) {
        const ScratchDirectory directory;
        const std::string path = directory.path + "/web.log";
        sys::create_file(sys::FdRef::cwd(), path, before, 0640);
        const LogStage first = LogStage::create();
        const sys::UniqueFd pipe = pipe_with(bytes);

        const bool killed =
            killed_at(stop, [&] { supervise_log(first.fds(), pipe, policy, path); });
        supervise_log(first.fds(), pipe, policy, path);

        std::string log;
        for (unsigned i = policy.max_files; i > 0; --i) {
            log += file_text(concat(path, ".", i));
        }
        log += file_text(path);
        CAPTURE(stop);
        const bool equal = log.starts_with(before) && k8s_text(log.substr(before.size())) == bytes;
        REQUIRE(equal);
        if (!killed) {
            return stop;
        }
    }
}

}  // namespace

TEST_CASE("log stage: a supervisor killed at any system call loses no byte and doubles none") {
    const unsigned deaths = check_each_death({}, "2026-11-23T05:10:43.1Z stdout F before\n");
    CHECK(deaths > 50);
}

TEST_CASE("log stage: nor does one that rotates the log") {
    const unsigned deaths = check_each_death({.max_size_bytes = 50'000, .max_files = 9}, "");
    CHECK(deaths > 70);
}

TEST_CASE("log stage: what is peeked at stays in the pipe until it is committed") {
    LogStage stage = LogStage::create();
    const sys::UniqueFd pipe = pipe_with("one two");

    CHECK(stage.peek(pipe).value() == "one two");
    CHECK(stage.peek(pipe).value() == "one two");
    stage.commit(pipe, 4);
    CHECK(stage.peek(pipe).value() == "two");
    stage.commit(pipe, 3);
    CHECK(stage.peek(pipe).value().empty());  // its end
}

TEST_CASE("log stage: a pipe of packets does not mix its bytes with another container's") {
    LogStage stage = LogStage::create();
    const sys::UniqueFd secret = pipe_with("a secret of another container");
    stage.commit(secret, stage.peek(secret).value().size());

    const sys::Pipe packets = sys::make_pipe(O_DIRECT);
    sys::write_all(packets.write_end, "ab");
    sys::write_all(packets.write_end, "cd");
    CHECK(stage.peek(packets.read_end).value() == "abcd");
    stage.commit(packets.read_end, 4);
    CHECK_FALSE(stage.peek(packets.read_end));

    const sys::UniqueFd other = pipe_with("other");
    CHECK(stage.peek(other).value() == "other");
}

TEST_CASE("log stage: a container that reads its own output harms nobody else") {
    LogStage stage = LogStage::create();
    const sys::Pipe pipe = sys::make_pipe();
    sys::write_all(pipe.write_end, "stolen");
    CHECK(stage.peek(pipe.read_end).value() == "stolen");
    char byte[6];
    REQUIRE(sys::read_some(pipe.read_end, byte, sizeof byte) == 6);

    stage.commit(pipe.read_end, 6);

    CHECK(sys::readable_bytes(stage.fds()[0]) == 0);
    CHECK_FALSE(stage.peek(pipe.read_end));
}

TEST_CASE("log stage: a file that has taken the log's place is left as it is") {
    const ScratchDirectory directory;
    const std::string path = directory.path + "/web.log";
    sys::create_file(sys::FdRef::cwd(), path, "another file, and longer", 0640);
    LogStage stage = LogStage::create();
    stage.intend({.path = path, .device = 1, .inode = 1, .size_bytes = 3});

    const LogStage next = LogStage::from(copies(stage.fds()));

    CHECK(file_text(path) == "another file, and longer");
}
