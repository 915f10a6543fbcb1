// `exec`: one more process in a container that runs.
#include "corun/async/loop.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/launch_options.hpp"
#include "corun/container/exec.hpp"

namespace corun::cli {

namespace {

int run(const Invocation& invocation) {
    container::ExecRequest request = exec_request(invocation, read_caller_environment());
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    return loop.run(container::exec(engine, std::move(request))).shell_code();
}

}  // namespace

constexpr Command kExecCommand{
    .name = "exec",
    .summary = "run another process in a container",
    .operands = {.usage = "ID COMMAND [ARGUMENT...]", .at_least = 1, .at_most = kAnyNumber},
    .options = kExecOptions,
    .place = OptionPlace::before_operands,
    .notes = "Ends as the process does; 255 if it could not be run.",
    .failure_status = 255,
    .enters_container = true,
    .run = run,
};

}  // namespace corun::cli
