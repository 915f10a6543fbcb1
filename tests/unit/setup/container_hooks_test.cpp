// Hooks of the container's own process: real programs.
#include "corun/setup/container_hooks.hpp"

#include "corun/sys/file.hpp"
#include "step_child.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

using namespace corun;
using namespace corun::setup;

namespace {

HookPlan shell(const std::string& script) {
    return {
        .path = "/bin/sh",
        .args = {"sh", "-c", script},
        .env = std::vector<std::string>{"WHERE=/tmp"}};
}

Plan plan_with(std::vector<HookPlan> hooks) {
    Plan plan;
    plan.hooks.create_container = std::move(hooks);
    plan.hooks.state_head = "{\"status\":\"";
    plan.hooks.state_middle = "\",\"pid\":";
    plan.hooks.state_tail = "}";
    return plan;
}

std::string run_create(ChildContext& context) {
    context.host_pid = 77;
    context.root.emplace(sys::open("/tmp", O_PATH | O_DIRECTORY));
    run_create_container_hooks(context);
    return "done";
}

/// A file that a hook writes; removed with the test.
class OutputFile {
public:
    OutputFile() {
        const int fd = ::mkstemp(path_.data());
        REQUIRE(fd >= 0);
        (void)::close(fd);
    }

    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;
    OutputFile(OutputFile&&) = delete;
    OutputFile& operator=(OutputFile&&) = delete;

    ~OutputFile() { (void)::unlink(path_.c_str()); }

    [[nodiscard]] const std::string& path() const { return path_; }

    [[nodiscard]] std::string text() const { return sys::read_file(sys::FdRef::cwd(), path_); }

private:
    std::string path_ = "/tmp/corun-hook-XXXXXX";
};

}  // namespace

TEST_CASE("container hooks: they run in order with the state on stdin and their own environment") {
    const OutputFile file;
    const Plan plan = plan_with(
        {shell("cat >> " + file.path()),
         shell("echo \" second $WHERE $HOME in $(pwd)\" >> " + file.path())}
    );

    const test::StepOutcome outcome = test::run_in_child(plan, run_create);

    CHECK(outcome.error == "");
    CHECK(file.text() == "{\"status\":\"creating\",\"pid\":77} second /tmp  in /tmp\n");
}

TEST_CASE("container hooks: those of the start see the status created") {
    const OutputFile file;
    Plan plan = plan_with({});
    plan.hooks.start_container = {shell("cat > " + file.path())};

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        run_start_container_hooks(context);
        return std::string();
    });

    CHECK(outcome.error == "");
    CHECK(file.text() == "{\"status\":\"created\",\"pid\":0}");
}

TEST_CASE("container hooks: the first that fails ends it, with what it printed last") {
    const OutputFile file;
    const Plan plan = plan_with(
        {shell("true"),
         shell("echo first; echo the reason >&2; exit 3"),
         shell("echo ran > " + file.path())}
    );

    const test::StepOutcome outcome = test::run_in_child(plan, run_create);

    CHECK(
        outcome.error ==
        "error running createContainer hook #1: '/bin/sh': exited with status 3: the reason"
    );
    CHECK(file.text() == "");
}

TEST_CASE("container hooks: one that takes too long is killed with all it started") {
    HookPlan slow = shell("sleep 60 & sleep 60");
    slow.timeout = std::chrono::seconds(1);

    const test::StepOutcome outcome = test::run_in_child(plan_with({slow}), run_create);

    CHECK(
        outcome.error ==
        "error running createContainer hook #0: '/bin/sh': did not end within 1 s: Connection "
        "timed out "
        "(ETIMEDOUT)"
    );
}

TEST_CASE("container hooks: a state that the hook does not read blocks nobody") {
    Plan plan = plan_with({shell("exit 0")});
    plan.hooks.state_tail = std::string(1 << 20, 'x');

    CHECK(test::run_in_child(plan, run_create).found == "done");
}

TEST_CASE("container hooks: a program that cannot be executed is named") {
    const test::StepOutcome outcome =
        test::run_in_child(plan_with({{.path = "/no/such/hook"}}), run_create);

    CHECK(
        outcome.error ==
        "error running createContainer hook #0: '/no/such/hook': exec(\"/no/such/hook\"): "
        "No such file or directory (ENOENT)"
    );
}

TEST_CASE("container hooks: the parent's are asked for by message") {
    const auto ask = [](ChildContext& context) {
        ask_for_runtime_hooks(context);
        return std::string("answered");
    };

    const test::StepOutcome outcome = test::run_in_child({}, ask, 0, {test::proceed()});

    CHECK(outcome.found == "answered");
    REQUIRE(outcome.messages.size() == 1);
    CHECK(outcome.messages[0].kind == MessageKind::run_hooks);
}
