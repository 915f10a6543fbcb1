// exec, and the report of its failure.
#include "corun/setup/payload.hpp"

#include "step_child.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace corun;
using namespace corun::setup;

namespace {

test::StepOutcome execute(const Plan& plan, const std::string& executable) {
    return test::run_in_child(plan, [&](ChildContext& context) {
        context.executable = executable;
        prepare_exec(context);
        context.step = "exec";
        exec_payload(context);
        return std::string("returned");
    });
}

}  // namespace

TEST_CASE("payload: it gets its arguments and its environment, and nothing else") {
    Plan plan;
    plan.payload.args = {"name", "-c", "echo \"$0 $1\"; env", "zero", "one"};
    plan.payload.env = {"A=1", "A=2"};
    plan.credentials.uid = 4000000000;  // nobody's in /etc/passwd

    const test::StepOutcome outcome = execute(plan, "/bin/sh");

    CHECK(outcome.found == "");
    CHECK(outcome.messages.empty());
    CHECK(outcome.output.starts_with("zero one\n"));
    CHECK(outcome.output.find("A=2\n") != std::string::npos);
    CHECK(outcome.output.find("HOME=/\n") != std::string::npos);
    CHECK(outcome.output.find("PATH=") == std::string::npos);
}

TEST_CASE("payload: a file that cannot be executed is reported with step, path and cause") {
    Plan plan;
    plan.payload.args = {"x"};

    const test::StepOutcome outcome = execute(plan, "/etc/passwd");

    REQUIRE(outcome.messages.size() == 1);
    CHECK(outcome.messages[0].kind == MessageKind::report);
    CHECK(
        std::string(outcome.messages[0].text_view()) ==
        "step 'exec': exec /etc/passwd: permission denied"
    );
    CHECK(outcome.status.code == 1);
}
