// `logs`: what a supervised container has written.
#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/log_time_option.hpp"
#include "corun/cli/output.hpp"
#include "corun/supervise/log_follow.hpp"
#include "corun/supervise/log_reader.hpp"
#include "corun/sys/file.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <utility>

namespace corun::cli {

namespace {

using supervise::LogDriver;
using supervise::LoggedUnit;
using supervise::LogRecord;
using supervise::LogStream;

constexpr std::array kOptions{
    Option{
        .name = "follow",
        .letter = "f",
        .argument = "",
        .help = "go on with what it writes, until it stays stopped",
    },
    Option{
        .name = "since",
        .letter = "",
        .argument = "TIME",
        .help = "only lines from then on",
    },
    Option{
        .name = "until",
        .letter = "",
        .argument = "TIME",
        .help = "only lines before",
    },
    Option{
        .name = "tail",
        .letter = "",
        .argument = "N",
        .help = "only the last N of these lines (default: all)",
    },
    Option{
        .name = "timestamps",
        .letter = "t",
        .argument = "",
        .help = "print the time in front of each line",
    },
};

enum class Timestamps { without, with };

/// Lines on their way to the stream that they came from; gathered, as there may be millions.
class LinePrinter {
public:
    explicit LinePrinter(Timestamps timestamps) : timestamps_(timestamps) {}

    void add(const LogRecord& record, bool begins) {
        constexpr std::size_t kEnough = 65536;
        if (record.stream != stream_ || text_.size() > kEnough) {
            flush();
        }
        stream_ = record.stream;
        if (begins && timestamps_ == Timestamps::with) {
            text_ += record.time;
            text_ += ' ';
        }
        text_ += record.text;
        if (record.ends_line) {
            text_ += '\n';
        }
    }

    void flush() {
        if (stream_ == LogStream::out) {
            print(text_);
        } else {
            sys::write_all(sys::FdRef(STDERR_FILENO), text_);
        }
        text_.clear();
    }

private:
    Timestamps timestamps_;
    LogStream stream_ = LogStream::out;
    std::string text_;
};

supervise::LogSelection selection_of(const Arguments& arguments) {
    const auto now = std::chrono::system_clock::now();
    supervise::LogSelection selection;
    if (arguments.was_given("since")) {
        selection.since =
            supervise::log_time(log_time_option("since", arguments.text("since"), now));
    }
    if (arguments.was_given("until")) {
        selection.until =
            supervise::log_time(log_time_option("until", arguments.text("until"), now));
    }
    if (arguments.was_given("tail") && arguments.text("tail") != "all") {
        selection.tail = arguments.number("tail");
    }
    return selection;
}

void require_file(const LoggedUnit& unit, const std::string& id) {
    if (unit.driver == LogDriver::journald) {
        throw Error(concat("its log is in the journal: journalctl CONTAINER_ID_FULL=", id));
    }
    if (unit.driver == LogDriver::none) {
        throw Error("what it writes is not kept (log driver none)");
    }
}

int run(const Invocation& invocation) {
    const Arguments& arguments = invocation.arguments;
    const std::string id = invocation.id().text();
    supervise::LogSelection selection = selection_of(arguments);
    const std::optional<LoggedUnit> unit = supervise::find_logged_unit(invocation.globals.root, id);
    if (!unit) {
        throw Error("container does not exist");
    }
    require_file(*unit, id);
    LinePrinter printer(arguments.is_on("timestamps") ? Timestamps::with : Timestamps::without);
    supervise::LogReader reader(
        unit->path,
        unit->driver,
        std::move(selection),
        [&](const LogRecord& record, bool begins) { printer.add(record, begins); }
    );
    reader.read();
    printer.flush();
    if (arguments.is_on("follow")) {
        async::Loop loop;
        loop.run(supervise::follow_log(invocation.globals.root, id, &reader, [&] {
            printer.flush();
        }));
    }
    return 0;
}

}  // namespace

constexpr Command kLogsCommand{
    .name = "logs",
    .summary = "print what a supervised container has written",
    .operands = {.usage = "ID", .at_least = 1, .at_most = 1},
    .options = kOptions,
    .notes = "TIME: 2026-11-23T05:10:43Z, seconds since 1970, or a span back from now such as 10m.",
    .run = run,
};

}  // namespace corun::cli
