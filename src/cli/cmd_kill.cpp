// `kill`: a signal to a container.
#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/matching.hpp"
#include "corun/container/kill.hpp"
#include "corun/sys/signal_name.hpp"

#include <array>
#include <csignal>

namespace corun::cli {

namespace {

constexpr std::array kOptions{
    Option{
        .name = "all",
        .letter = "a",
        .argument = "",
        .help = "send it to all processes of the container, not only its first",
    },
    kRegexOption,
};

int signal_of(const std::string& name) {
    if (name.empty()) {
        return SIGTERM;
    }
    const std::optional<int> signal = sys::parse_signal(name);
    if (!signal) {
        throw Error(concat("unknown signal ", double_quote(name)));
    }
    return *signal;
}

int run(const Invocation& invocation) {
    const int signal = signal_of(invocation.operand(1));
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    const auto kill = [&](const container::ContainerId& id) {
        container::KillRequest request{
            .id = id,
            .signal = signal,
            .all = invocation.arguments.is_on("all"),
        };
        loop.run(container::kill(engine, std::move(request)));
    };
    if (invocation.arguments.is_on("regex")) {
        return for_each_match(engine, invocation.operand(0), kill);
    }
    kill(invocation.id());
    return 0;
}

}  // namespace

constexpr Command kKillCommand{
    .name = "kill",
    .summary = "send a signal (default: SIGTERM) to a container's first process",
    .operands = {.usage = "ID [SIGNAL]", .at_least = 1, .at_most = 2},
    .options = kOptions,
    .notes = "SIGNAL is a number or a name: 9, KILL, SIGKILL, kill, RTMIN+3.",
    .run = run,
};

}  // namespace corun::cli
