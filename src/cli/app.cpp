// From words to an exit status. The only place that prints an error.
#include "corun/cli/app.hpp"

#include "corun/base/error.hpp"
#include "corun/base/log.hpp"
#include "corun/base/text.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/global_options.hpp"
#include "corun/cli/help.hpp"
#include "corun/cli/output.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/own_binary.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <exception>
#include <optional>
#include <span>

namespace corun::cli {

namespace {

constexpr int kFailure = 1;
constexpr int kUnknownCommand = 3;  // as runc
constexpr Option kHelpOption{.name = "help", .letter = "h", .argument = "", .help = "this help"};

/// Where records go: the file of --log, or standard error.
class Reporter {
public:
    Reporter() : log_(LogLevel::warning, LogFormat::plain, to_standard_error()) {}

    explicit Reporter(const LogOptions& options)
        : file_(open_log(options.path)),
          log_(options.level, options.format, file_ ? to_file() : to_standard_error()) {}

    Reporter(const Reporter&) = delete;
    Reporter& operator=(const Reporter&) = delete;
    Reporter(Reporter&&) = delete;
    Reporter& operator=(Reporter&&) = delete;
    ~Reporter() = default;

    [[nodiscard]] const Log& log() const { return log_; }

    /// One record in the log, and one line for people if that is a file.
    void report_failure(std::string_view message) const {
        log_.error(message);
        if (file_) {
            write_quietly(
                sys::FdRef(STDERR_FILENO),
                format_record(LogFormat::plain, LogLevel::error, message, {})
            );
        }
    }

private:
    static std::optional<sys::UniqueFd> open_log(const std::string& path) {
        if (path.empty()) {
            return std::nullopt;
        }
        return in_context(
            [] { return "--log"; },
            [&] { return sys::open(path, O_WRONLY | O_CREAT | O_APPEND, 0644); }
        );
    }

    static Log::Sink to_standard_error() {
        return [](std::string_view line) { write_quietly(sys::FdRef(STDERR_FILENO), line); };
    }

    Log::Sink to_file() {
        return [fd = file_->ref()](std::string_view line) { write_quietly(fd, line); };
    }

    std::optional<sys::UniqueFd> file_;
    Log log_;
};

/// A wrong use of the command line: the help goes along, on standard output as with runc.
int refuse_usage(const Reporter& reporter, const std::string& help, const Error& error) {
    print(concat("Incorrect Usage.\n\n", help));
    reporter.report_failure(error.what());
    return kFailure;
}

void check_verb(const Command& command, const std::string& word) {
    for (const Verb& verb : command.verbs) {
        if (verb.name == word) {
            return;
        }
    }
    throw Error(concat(double_quote(command.name), " has no verb ", quote(word)));
}

void check_operands(const Command& command, const std::vector<std::string>& operands) {
    const Operands& wanted = command.operands;
    const std::size_t given = operands.size();
    if (given < wanted.at_least) {
        throw Error(concat(
            double_quote(command.name), " requires a minimum of ", wanted.at_least, " argument(s)"
        ));
    }
    if (given > wanted.at_most) {
        throw Error(
            concat(double_quote(command.name), " takes at most ", wanted.at_most, " argument(s)")
        );
    }
    if (!command.verbs.empty()) {
        check_verb(command, operands.front());
    }
}

/// `exec 'web'`, `ctl start`: what the error line begins with.
std::string clause_of(const Command& command, const Arguments& arguments) {
    if (!command.verbs.empty()) {
        return concat(command.name, " ", arguments.operands().front());
    }
    if (arguments.operands().empty()) {
        return std::string(command.name);
    }
    return concat(command.name, " ", quote(arguments.operands().front()));
}

int execute(
    const Command& command,
    const GlobalOptions& globals,
    const Reporter& reporter,
    const Arguments& arguments
) {
    std::optional<sys::Timeline> timeline;
    if (globals.prints_timings || reporter.log().takes(LogLevel::debug)) {
        timeline.emplace();
    }
    try {
        return command.run({
            .globals = globals,
            .log = reporter.log(),
            .arguments = arguments,
            .timeline = timeline ? &*timeline : nullptr,
        });
    } catch (Error& error) {
        error.add_context(clause_of(command, arguments));
        reporter.report_failure(error.what());
        return command.failure_status;
    }
}

bool wants_help(const Arguments& arguments) {
    return arguments.is_on(kHelpOption.name);
}

int run_command(
    const Command& command,
    const GlobalOptions& globals,
    const Reporter& reporter,
    std::span<const std::string> words
) {
    if (reporter.log().takes(LogLevel::debug)) {
        reporter.log().debug(concat(command.name, " ", join({words.begin(), words.end()}, " ")));
    }
    std::vector<Option> options(command.options.begin(), command.options.end());
    options.push_back(kHelpOption);
    const Syntax syntax{.options = options, .place = command.place};
    Arguments arguments(options);
    try {
        arguments = parse_arguments(syntax, words);
        if (wants_help(arguments)) {
            print(command_help(command));
            return 0;
        }
        check_operands(command, arguments.operands());
    } catch (const Error& error) {
        return refuse_usage(reporter, command_help(command), error);
    }
    return execute(command, globals, reporter, arguments);
}

int refuse_command(const Reporter& reporter, std::string_view name) {
    reporter.report_failure(concat("No help topic for ", quote(name)));
    return kUnknownCommand;
}

int print_help_of(const Reporter& reporter, std::span<const std::string> words) {
    if (words.empty()) {
        print(program_help());
        return 0;
    }
    const Command* command = find_command(words.front());
    if (command == nullptr) {
        return refuse_command(reporter, words.front());
    }
    print(command_help(*command));
    return 0;
}

int dispatch(
    const Arguments& arguments, const Reporter& reporter, std::span<const std::string> words
) {
    if (arguments.is_on("version")) {
        print(version_text());
        return 0;
    }
    if (words.empty() || wants_help(arguments)) {
        print(program_help());
        return 0;
    }
    const std::string& name = words.front();
    if (name == "help" || name == "h") {
        return print_help_of(reporter, words.subspan(1));
    }
    const Command* command = find_command(name);
    if (command == nullptr) {
        return refuse_command(reporter, name);
    }
    return run_command(*command, global_options(arguments), reporter, words.subspan(1));
}

/// Before anything is opened. (CVE-2019-5736)
void protect_own_binary(const Arguments& arguments, char* const* argv) {
    const std::vector<std::string>& words = arguments.operands();
    const Command* command = words.empty() ? nullptr : find_command(words.front());
    if (command != nullptr && command->enters_container) {
        sys::ensure_own_binary_is_protected(argv, environ);
    }
}

int run_words(const std::vector<std::string>& words, char* const* argv) {
    const Syntax syntax{.options = global_option_table(), .place = OptionPlace::before_operands};
    Arguments arguments(syntax.options);
    try {
        arguments = parse_arguments(syntax, words);
    } catch (const Error& error) {
        return refuse_usage(Reporter(), program_help(), error);
    }
    protect_own_binary(arguments, argv);
    const Reporter reporter(log_options(arguments));
    try {
        return dispatch(arguments, reporter, arguments.operands());
    } catch (const Error& error) {
        reporter.report_failure(error.what());
        return kFailure;
    }
}

}  // namespace

int run_app(int argc, char* const* argv) noexcept {
    try {
        // argv[0] is not looked at; an empty argv is possible. (execve(2))
        const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
        return run_words(words, argv);
    } catch (const std::exception& error) {  // a wrong --log, no memory
        write_quietly(sys::FdRef(STDERR_FILENO), "corun: ");
        write_quietly(sys::FdRef(STDERR_FILENO), error.what());
        write_quietly(sys::FdRef(STDERR_FILENO), "\n");
        return kFailure;
    }
}

}  // namespace corun::cli
