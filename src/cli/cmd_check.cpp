// `check`: what would become of a bundle, without running it.
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/launch_options.hpp"
#include "corun/cli/output.hpp"
#include "corun/container/check.hpp"
#include "corun/oci/json_writer.hpp"

#include <array>

namespace corun::cli {

namespace {

using container::Finding;
using container::Findings;
using container::Severity;

constexpr std::array kOptions{
    kBundleOption,
    kConfigOption,
    Option{
        .name = "format",
        .letter = "",
        .argument = "text|json",
        .help = "how to print the findings (default: text)",
    },
};

std::string_view name_of(Severity severity) {
    switch (severity) {
        case Severity::error:
            return "error";
        case Severity::warning:
            return "warning";
        case Severity::note:
            return "note";
    }
    return {};
}

std::string counted(std::size_t count, Severity severity) {
    return concat(count, " ", name_of(severity), count == 1 ? "" : "s");
}

std::string text_of(const Findings& findings) {
    std::string text;
    for (const Finding& finding : findings.list()) {
        text += concat(
            name_of(finding.severity),
            ": ",
            finding.pointer.empty() ? "the document" : finding.pointer,
            ": ",
            finding.reason,
            "\n"
        );
    }
    return concat(
        text,
        counted(findings.count(Severity::error), Severity::error),
        ", ",
        counted(findings.count(Severity::warning), Severity::warning),
        ", ",
        counted(findings.count(Severity::note), Severity::note),
        "\n"
    );
}

std::string json_of(const Findings& findings) {
    oci::JsonWriter writer("  ");
    writer.begin_array();
    for (const Finding& finding : findings.list()) {
        writer.begin_object();
        writer.member("severity", name_of(finding.severity));
        writer.member("pointer", finding.pointer);
        writer.member("reason", finding.reason);
        writer.end_object();
    }
    writer.end_array();
    return writer.take() + "\n";
}

int run(const Invocation& invocation) {
    const Arguments& arguments = invocation.arguments;
    const std::string format = arguments.text("format");
    if (!format.empty() && format != "text" && format != "json") {
        throw Error(concat("--format: expected text or json, found ", double_quote(format)));
    }
    const Findings findings = container::check(
        invocation.engine_options(),
        {
            .bundle = arguments.was_given("bundle") ? arguments.text("bundle") : ".",
            .config_file = arguments.text("config"),
        }
    );
    print(format == "json" ? json_of(findings) : text_of(findings));
    return findings.count(Severity::error) == 0 ? 0 : 1;
}

}  // namespace

constexpr Command kCheckCommand{
    .name = "check",
    .summary = "say what would become of a bundle on this host, without running it",
    .operands = {.usage = "", .at_least = 0, .at_most = 0},
    .options = kOptions,
    .notes = "Prints every finding with the place in config.json. Exit status 1: one is an error.",
    .run = run,
};

}  // namespace corun::cli
