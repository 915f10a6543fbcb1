// `start`: lets a created container run its program.
#include "corun/async/loop.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/launch_options.hpp"
#include "corun/container/start.hpp"

namespace corun::cli {

namespace {

int run(const Invocation& invocation) {
    container::StartRequest request = start_request(invocation, read_caller_environment());
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    loop.run(container::start(engine, std::move(request)));
    return 0;
}

}  // namespace

constexpr Command kStartCommand{
    .name = "start",
    .summary = "run the program of a created container",
    .operands = {.usage = "ID", .at_least = 1, .at_most = 1},
    .options = {},
    .run = run,
};

}  // namespace corun::cli
