// `state`: what is known of a container, as JSON.
#include "corun/async/loop.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/output.hpp"
#include "corun/cli/owner.hpp"
#include "corun/container/state.hpp"

namespace corun::cli {

namespace {

int run(const Invocation& invocation) {
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    container::StateRequest request{.id = invocation.id()};
    const container::Summary summary = loop.run(container::state(engine, std::move(request)));
    print(oci::state_report_json(container::report_of(summary, Owners().name_of(summary))) + "\n");
    return 0;
}

}  // namespace

constexpr Command kStateCommand{
    .name = "state",
    .summary = "print the state of a container",
    .operands = {.usage = "ID", .at_least = 1, .at_most = 1},
    .options = {},
    .run = run,
};

}  // namespace corun::cli
