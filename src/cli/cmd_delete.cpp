// `delete`: everything that was made for a container goes.
#include "corun/async/loop.hpp"
#include "corun/cli/commands.hpp"
#include "corun/container/remove.hpp"

#include <array>

namespace corun::cli {

namespace {

constexpr std::array kOptions{
    Option{
        .name = "force",
        .letter = "f",
        .argument = "",
        .help = "kill the container if it still runs; no error if it does not exist",
    },
};

int run(const Invocation& invocation) {
    container::RemoveRequest request{
        .id = invocation.id(),
        .force = invocation.arguments.is_on("force"),
    };
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    loop.run(container::remove(engine, std::move(request)));
    return 0;
}

}  // namespace

constexpr Command kDeleteCommand{
    .name = "delete",
    .summary = "delete a container and what was made for it",
    .operands = {.usage = "ID", .at_least = 1, .at_most = 1},
    .options = kOptions,
    .notes = "Also reclaims what a create that was killed has left behind.",
    .run = run,
};

}  // namespace corun::cli
