// `create`: a container that is set up and waits for `start`.
#include "corun/async/loop.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/launch_options.hpp"
#include "corun/container/create.hpp"

namespace corun::cli {

namespace {

int run(const Invocation& invocation) {
    container::CreateRequest request = create_request(invocation, read_caller_environment());
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    loop.run(container::create(engine, std::move(request)));
    return 0;
}

}  // namespace

constexpr Command kCreateCommand{
    .name = "create",
    .summary = "create a container",
    .operands = {.usage = "ID", .at_least = 1, .at_most = 1},
    .options = kCreateOptions,
    .notes = "Standard input, output and error become the container's.",
    .enters_container = true,
    .run = run,
};

}  // namespace corun::cli
