// Hooks with the shell and other small programs of /bin.
#include "corun/container/hooks.hpp"

#include "corun/async/cancel.hpp"
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/pidfd.hpp"
#include "corun/sys/process.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>

#include <chrono>
#include <stdlib.h>

using namespace corun;
using container::HookSurroundings;
using container::run_all_hooks;
using container::run_hook;
using container::run_hooks;

namespace {

oci::Hook shell(const std::string& script) {
    return {.path = "/bin/sh", .args = {"sh", "-c", script}};
}

std::string failure_of(async::Task<> task) {
    async::Loop loop;
    try {
        loop.run(std::move(task));
    } catch (const Error& error) {
        return error.what();
    }
    return "none";
}

/// What a hook wrote to a descriptor of ours.
std::string output_of(oci::Hook hook, HookSurroundings surroundings) {
    const sys::UniqueFd file = sys::memfd_create("output");
    surroundings.output = file.ref();
    async::Loop loop;
    loop.run(run_hook(std::move(hook), std::move(surroundings)));
    sys::seek_to_start(file);
    return sys::read_all(file, 1 << 20);
}

bool has_no_children() {
    return ::waitpid(-1, nullptr, WNOHANG | __WALL) == -1;
}

}  // namespace

TEST_CASE("hook: gets the state on stdin, its arguments and nothing but its environment") {
    oci::Hook hook =
        shell("cat; echo; echo $0 $1; env | grep -v -e ^PWD -e ^SHLVL -e ^_ -e ^OLDPWD");
    hook.args.insert(hook.args.end(), {"zero", "one"});
    hook.env = {{"A=b c"}};

    CHECK(output_of(hook, {.state = R"({"id":"x"})"}) == "{\"id\":\"x\"}\nzero one\nA=b c\n");
}

TEST_CASE("hook: an environment that is empty stays empty, one that is absent is the runtime's") {
    ::setenv("CORUN_HOOK_TEST", "inherited", 1);
    oci::Hook hook = shell("echo \"[$CORUN_HOOK_TEST]\"");
    CHECK(output_of(hook, {}) == "[inherited]\n");

    hook.env.emplace();
    CHECK(output_of(hook, {}) == "[]\n");
    ::unsetenv("CORUN_HOOK_TEST");
}

TEST_CASE("hook: works in the directory it is given") {
    CHECK(output_of({.path = "/bin/pwd"}, {.directory = "/proc"}) == "/proc\n");
}

TEST_CASE("hook: one that does not read a large state neither blocks nor fails") {
    CHECK(
        failure_of(run_hook({.path = "/bin/true"}, {.state = std::string(1 << 20, 'x')})) == "none"
    );
}

TEST_CASE("hook: its exit status and the last line it printed are in the error") {
    CHECK(
        failure_of(run_hook(shell("echo first >&2; echo last >&2; exit 3"), {})) ==
        "'/bin/sh': exited with status 3: 'last'"
    );
    CHECK(failure_of(run_hook({.path = "/bin/false"}, {})) == "'/bin/false': exited with status 1");
    CHECK(failure_of(run_hook(shell("kill -9 $$"), {})) == "'/bin/sh': killed by signal 9");
}

TEST_CASE("hook: a program that is not there is an error of exec") {
    CHECK(
        failure_of(run_hook({.path = "/no/such/hook"}, {})) ==
        "'/no/such/hook': exec(\"/no/such/hook\"): No such file or directory (ENOENT)"
    );
}

TEST_CASE("hook: output without end is read and let go") {
    CHECK(
        failure_of(run_hook(shell("head -c 10000000 /dev/zero; echo; echo end; exit 1"), {})) ==
        "'/bin/sh': exited with status 1: 'end'"
    );
}

TEST_CASE("hook: a grandchild that keeps the output open does not delay its end") {
    const auto begin = std::chrono::steady_clock::now();
    const std::string failure = failure_of(run_hook(shell("echo gone; sleep 20 & exit 4"), {}));

    CHECK(failure == "'/bin/sh': exited with status 4: 'gone'");
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

TEST_CASE("hook: one that runs too long is killed with all it has started") {
    sys::Pipe alive = sys::make_pipe();
    sys::Pipe unused = sys::make_pipe();
    oci::Hook hook = shell("sleep 1000 & echo waiting; sleep 1000");
    hook.timeout_seconds = 1;
    // Nobody else has the write end: it is at its end when both sleeps are gone.
    HookSurroundings surroundings;
    surroundings.output = alive.write_end.ref();
    async::Loop loop;
    async::Task<> task = run_hook(hook, surroundings);

    std::string failure = "none";
    try {
        loop.run(std::move(task));
    } catch (const Error& error) {
        failure = error.what();
    }

    CHECK(failure == "'/bin/sh': timed out after 1 s");
    alive.write_end.reset();
    CHECK(sys::read_all(alive.read_end, 100) == "waiting\n");
    CHECK(has_no_children());
}

TEST_CASE("hook: one that is done in time is not touched by its timeout") {
    oci::Hook hook = {.path = "/bin/true", .timeout_seconds = 5};
    CHECK(failure_of(run_hook(hook, {})) == "none");
}

namespace {

async::Task<> cancel_while_running(async::Group& group) {
    group.spawn(run_hook(shell("sleep 1000"), {}));
    group.cancel();
    co_return;
}

}  // namespace

TEST_CASE("hook: cancelling kills and reaps it") {
    async::Loop loop;
    loop.run(async::with_group(cancel_while_running));

    CHECK(has_no_children());
}

TEST_CASE("hooks: run in order, and the first failure is named and ends it") {
    const sys::UniqueFd file = sys::memfd_create("output");
    std::vector<oci::Hook> hooks = {shell("echo 0"), shell("echo 1; exit 2"), shell("echo 2")};

    CHECK(
        failure_of(run_hooks(hooks, "createRuntime", {.output = file.ref()})) ==
        "error running createRuntime hook #1: '/bin/sh': exited with status 2"
    );
    sys::seek_to_start(file);
    CHECK(sys::read_all(file, 100) == "0\n1\n");
}

TEST_CASE("hooks: poststop runs all of them and reports each failure") {
    const sys::UniqueFd file = sys::memfd_create("output");
    std::vector<oci::Hook> hooks = {
        shell("echo 0; exit 1"), {.path = "/nonexistent"}, shell("echo 2")};
    async::Loop loop;

    const std::vector<std::string> failures =
        loop.run(run_all_hooks(hooks, "poststop", {.output = file.ref()}));

    CHECK(
        failures ==
        std::vector<std::string>{
            "error running poststop hook #0: '/bin/sh': exited with status 1",
            "error running poststop hook #1: '/nonexistent': exec(\"/nonexistent\"): "
            "No such file or directory (ENOENT)",
        }
    );
    sys::seek_to_start(file);
    CHECK(sys::read_all(file, 100) == "0\n2\n");
}
