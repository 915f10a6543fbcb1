// `delete`: everything that was made for a container goes.
#include "corun/async/loop.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/matching.hpp"
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
    kRegexOption,
};

int run(const Invocation& invocation) {
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    const auto remove = [&](const container::ContainerId& id) {
        container::RemoveRequest request{
            .id = id,
            .force = invocation.arguments.is_on("force"),
        };
        loop.run(container::remove(engine, std::move(request)));
    };
    if (invocation.arguments.is_on("regex")) {
        return for_each_match(engine, invocation.operand(0), remove);
    }
    remove(invocation.id());
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
