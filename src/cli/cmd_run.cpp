// `run`: create and start in one.
#include "corun/async/loop.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/launch_options.hpp"
#include "corun/container/run.hpp"
#include "corun/sys/process.hpp"

namespace corun::cli {

namespace {

int run(const Invocation& invocation) {
    container::RunRequest request = run_request(invocation, read_caller_environment());
    if (!request.detach && !invocation.arguments.is_on("no-subreaper")) {
        // What the container orphans outside its pid namespace ends with this command.
        sys::set_child_subreaper();
    }
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    return loop.run(container::run(engine, std::move(request))).shell_code();
}

}  // namespace

constexpr Command kRunCommand{
    .name = "run",
    .summary = "create and start a container",
    .operands = {.usage = "ID", .at_least = 1, .at_most = 1},
    .options = kRunOptions,
    .notes = "Ends as the container does: with its status, or 128 and the signal's number.",
    .enters_container = true,
    .run = run,
};

}  // namespace corun::cli
