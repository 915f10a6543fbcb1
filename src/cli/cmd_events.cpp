// `events`: statistics of a container, and its out-of-memory kills, as lines of JSON.
#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/base/units.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/output.hpp"
#include "corun/container/events.hpp"

#include <array>

namespace corun::cli {

namespace {

constexpr std::array kOptions{
    Option{
        .name = "interval",
        .letter = "",
        .argument = "DURATION",
        .help = "time between two statistics, such as 500ms (default 5s)",
    },
    Option{
        .name = "stats",
        .letter = "",
        .argument = "",
        .help = "print the statistics of now and end",
    },
};

std::chrono::nanoseconds interval_of(const Arguments& arguments) {
    if (!arguments.was_given("interval")) {
        return std::chrono::seconds(5);
    }
    const std::string text = arguments.text("interval");
    const std::optional<std::chrono::nanoseconds> interval = parse_duration(text);
    if (!interval) {
        throw Error(concat("--interval: expected a duration such as 5s, found ", double_quote(text))
        );
    }
    if (interval->count() == 0) {
        throw Error("--interval: duration interval must be greater than 0");
    }
    return *interval;
}

int run(const Invocation& invocation) {
    const std::chrono::nanoseconds interval = interval_of(invocation.arguments);
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    const container::ContainerId id = invocation.id();
    if (invocation.arguments.is_on("stats")) {
        container::StatsRequest request{.id = id};
        print(container::event_json(
            id.text(), {.stats = loop.run(container::stats(engine, std::move(request)))}
        ));
        return 0;
    }
    container::EventsRequest request{
        .id = id,
        .interval = interval,
        .tell = [&](const container::Event& event
                ) { print(container::event_json(id.text(), event)); },
    };
    loop.run(container::events(engine, std::move(request)));
    return 0;
}

}  // namespace

constexpr Command kEventsCommand{
    .name = "events",
    .summary = "print statistics and out-of-memory kills of a container as they come",
    .operands = {.usage = "ID", .at_least = 1, .at_most = 1},
    .options = kOptions,
    .notes = "Ends when the container has no process left.",
    .run = run,
};

}  // namespace corun::cli
