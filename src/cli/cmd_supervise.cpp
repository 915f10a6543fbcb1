// `supervise`: many containers, one process.
#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/cli/build_info.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/policy_options.hpp"
#include "corun/supervise/keeper.hpp"
#include "corun/supervise/supervisor.hpp"
#include "corun/supervise/upgrade.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/spawn.hpp"

#include <unistd.h>

#include <array>

namespace corun::cli {

namespace {

constexpr std::array kOwnOptions{
    Option{
        .name = "dir",
        .letter = "",
        .argument = "DIR",
        .help = "supervise each bundle in DIR too, as they come and go",
    },
    Option{
        .name = "log-dir",
        .letter = "",
        .argument = "DIR",
        .help = "write DIR/ID.log (default: below the state root)",
    },
    Option{
        .name = "parallel",
        .letter = "",
        .argument = "N",
        .help = "start at most N containers at a time (default 8)",
    },
    Option{
        .name = "metrics",
        .letter = "",
        .argument = "ADDRESS",
        .help = "serve /metrics at unix:/PATH, 127.0.0.1:PORT or [::1]:PORT",
    },
    Option{
        .name = "events",
        .letter = "",
        .argument = "",
        .help = "print what happens as lines of JSON",
    },
    Option{
        .name = "keeper",
        .letter = "",
        .argument = "",
        .help = "be the supervisor's keeper of descriptors, which it starts itself",
    },
};

constexpr auto kOptions = joined(kOwnOptions, kPolicyOptions);

std::string absolute(const std::string& path) {
    if (path.starts_with('/')) {
        return path;
    }
    return concat(sys::real_path("."), "/", path);
}

/// Where the program is that this process was started from; it may be replaced by another since.
std::string own_program() {
    std::vector<std::string> words;
    const std::string text = sys::read_file(sys::FdRef::cwd(), "/proc/self/cmdline");
    const std::string name = text.substr(0, text.find('\0'));
    if (name.find('/') != std::string::npos) {
        return absolute(name);
    }
    return sys::find_program(name).value_or(std::string());
}

unsigned parallel_starts(const Arguments& arguments) {
    constexpr unsigned kDefault = 8;
    if (!arguments.was_given("parallel")) {
        return kDefault;
    }
    const unsigned number = arguments.number("parallel");
    if (number == 0) {
        throw Error("--parallel: expected a number from 1");
    }
    return number;
}

supervise::SupervisorOptions supervisor_options(const Invocation& invocation) {
    const Arguments& arguments = invocation.arguments;
    supervise::SupervisorOptions options;
    options.bundles = arguments.operands();
    if (arguments.was_given("dir")) {
        options.directory = absolute(arguments.text("dir"));
    }
    options.log_directory =
        arguments.was_given("log-dir")
            ? absolute(arguments.text("log-dir"))
            : concat(supervise::supervisor_directory(invocation.globals.root), "/logs");
    options.metrics_address = arguments.text("metrics");
    options.parallel_starts = parallel_starts(arguments);
    options.prints_events = arguments.is_on("events");
    options.defaults = policy_from(arguments);
    options.version = kVersion;
    options.program = own_program();
    return options;
}

int supervise_bundles(const Invocation& invocation) {
    supervise::SupervisorOptions options = supervisor_options(invocation);
    if (options.bundles.empty() && options.directory.empty()) {
        throw Error("neither a bundle nor --dir is given");
    }
    const std::string program = options.program;
    container::Engine engine(invocation.engine_options(), invocation.log);
    supervise::Supervisor supervisor(
        engine,
        std::move(options),
        supervise::read_service_environment(),
        supervise::take_inheritance()
    );
    async::Loop loop;
    if (loop.run(supervisor.run()) == supervise::SupervisorEnd::upgrade) {
        supervise::execute_upgrade(program, supervisor.take_inheritance());
    }
    return 0;
}

int run(const Invocation& invocation) {
    if (invocation.arguments.is_on("keeper")) {
        supervise::run_keeper(sys::duplicate(sys::FdRef(STDIN_FILENO)));
        return 0;
    }
    return supervise_bundles(invocation);
}

}  // namespace

constexpr Command kSuperviseCommand{
    .name = "supervise",
    .summary = "run the containers of many bundles, restart them, keep their logs",
    .operands = {.usage = "[BUNDLE...]", .at_least = 0, .at_most = kAnyNumber},
    .options = kOptions,
    .notes =
        "Runs until SIGTERM or SIGINT, which stop the containers; another hastens them. SIGHUP\n"
        "reads the bundles again and reopens the logs, SIGUSR2 executes the program anew.",
    .enters_container = true,
    .run = run,
};

}  // namespace corun::cli
