// `ps`: the processes of a container, as pids or as ps(1) shows them.
#include "corun/async/child_exit.hpp"
#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/output.hpp"
#include "corun/cli/process_table.hpp"
#include "corun/container/ps.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/spawn.hpp"

#include <unistd.h>

#include <array>

namespace corun::cli {

namespace {

constexpr std::array kOptions{
    Option{
        .name = "format",
        .letter = "f",
        .argument = "table|json",
        .help = "how to print it (default: table)",
    },
};

std::string json_of(const std::vector<pid_t>& pids) {
    std::string out = "[";
    for (const pid_t pid : pids) {
        out += concat(out.size() > 1 ? "," : "", pid);
    }
    return out + "]\n";
}

/// What ps(1) of the host prints for `options`.
std::string run_ps(std::vector<std::string> options) {
    constexpr std::size_t kOutputLimit = 64UL << 20U;
    const std::optional<std::string> program = sys::find_program("ps");
    if (!program) {
        throw Error("ps: executable file not found in $PATH");
    }
    if (options.empty()) {
        options.emplace_back("-ef");
    }
    sys::Pipe pipe = sys::make_pipe();
    options.insert(options.begin(), "ps");
    const sys::Pidfd process = sys::spawn({
        .path = *program,
        .arguments = std::move(options),
        .environment = sys::current_environment(),
        .directory = {},
        .standard_input = std::nullopt,
        .standard_output = pipe.write_end.ref(),
        .standard_error = sys::FdRef(STDERR_FILENO),
    });
    pipe.write_end.reset();
    std::string output = sys::read_all(pipe.read_end, kOutputLimit);
    const sys::ExitStatus status = process.wait();
    if (!status.success()) {
        throw Error(concat("ps: exit status ", status.shell_code()));
    }
    return output;
}

int run(const Invocation& invocation) {
    const Arguments& arguments = invocation.arguments;
    const std::string format = arguments.was_given("format") ? arguments.text("format") : "table";
    if (format != "table" && format != "json") {
        throw Error(concat("invalid format option: ", double_quote(format)));
    }
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    container::PsRequest request{.id = invocation.id()};
    const std::vector<pid_t> pids = loop.run(container::ps(engine, std::move(request)));
    if (format == "json") {
        print(json_of(pids));
        return 0;
    }
    const std::vector<std::string>& words = arguments.operands();
    print(select_processes(run_ps({words.begin() + 1, words.end()}), pids));
    return 0;
}

}  // namespace

constexpr Command kPsCommand{
    .name = "ps",
    .summary = "list the processes of a container",
    .operands = {.usage = "ID [OPTIONS OF ps(1)]", .at_least = 1, .at_most = kAnyNumber},
    .options = kOptions,
    .place = OptionPlace::before_operands,
    .notes = "The options of ps(1) (default: -ef) are for the table and must print a column PID.",
    .run = run,
};

}  // namespace corun::cli
