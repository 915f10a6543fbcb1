// `checkpoint`: a container's processes into image files.
#include "corun/async/loop.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/criu_options.hpp"
#include "corun/cli/launch_options.hpp"
#include "corun/container/checkpoint.hpp"

#include <array>

namespace corun::cli {

namespace {

constexpr std::array kOwnOptions{
    Option{
        .name = "parent-path",
        .letter = "",
        .argument = "DIR",
        .help = "of an earlier --pre-dump, relative to --image-path",
    },
    Option{
        .name = "leave-running",
        .letter = "",
        .argument = "",
        .help = "let the container go on; else it is deleted",
    },
    Option{
        .name = "pre-dump",
        .letter = "",
        .argument = "",
        .help = "only memory, while the container goes on; the next dump takes what has changed",
    },
    Option{
        .name = "tcp-skip-in-flight",
        .letter = "",
        .argument = "",
        .help = "leave out TCP connections that are not accepted yet",
    },
    Option{
        .name = "link-remap",
        .letter = "",
        .argument = "",
        .help = "allow open files that have lost their name, giving them another",
    },
    Option{
        .name = "page-server",
        .letter = "",
        .argument = "ADDRESS:PORT",
        .help = "send memory there, to a `criu page-server`",
    },
    Option{
        .name = "status-fd",
        .letter = "",
        .argument = "N",
        .help = "write a zero byte to this descriptor once --lazy-pages can be asked for",
    },
};

constexpr std::array kCheckpointOptions = joined(kCriuOptions, kOwnOptions);

int run(const Invocation& invocation) {
    container::CheckpointRequest request = checkpoint_request(invocation);
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    loop.run(container::checkpoint(engine, std::move(request)));
    return 0;
}

}  // namespace

constexpr Command kCheckpointCommand{
    .name = "checkpoint",
    .summary = "write a running container's state to image files",
    .operands = {.usage = "ID", .at_least = 1, .at_most = 1},
    .options = kCheckpointOptions,
    .notes = "Needs criu, 3.16 or newer, in $PATH. The log is dump.log in --work-path.",
    .run = run,
};

}  // namespace corun::cli
