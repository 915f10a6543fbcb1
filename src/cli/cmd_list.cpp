// `list`: all containers of a state root.
#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/output.hpp"
#include "corun/cli/owner.hpp"
#include "corun/container/list.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

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
    Option{.name = "quiet", .letter = "q", .argument = "", .help = "print only the ids"},
};

std::string ids_of(const container::Listing& listing) {
    std::string out;
    for (const container::Summary& summary : listing.containers) {
        out += summary.id.text() + "\n";
    }
    return out;
}

std::string table_of(const container::Listing& listing) {
    Owners owners;
    std::vector<std::vector<std::string>> rows{
        {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
    for (const container::Summary& summary : listing.containers) {
        const container::Record record = summary.record.value_or(container::Record());
        rows.push_back({
            summary.id.text(),
            concat(summary.pid),
            std::string(oci::status_name(summary.status)),
            record.bundle,
            record.created,
            owners.name_of(summary),
        });
    }
    return format_table(rows);
}

std::string json_of(const container::Listing& listing) {
    Owners owners;
    std::vector<oci::StateReport> reports;
    for (const container::Summary& summary : listing.containers) {
        reports.push_back(container::report_of(summary, owners.name_of(summary)));
    }
    return oci::state_list_json(reports) + "\n";
}

std::string text_of(const container::Listing& listing, const Arguments& arguments) {
    const std::string format = arguments.was_given("format") ? arguments.text("format") : "table";
    if (arguments.is_on("quiet")) {
        return ids_of(listing);
    }
    if (format == "table") {
        return table_of(listing);
    }
    if (format == "json") {
        return json_of(listing);
    }
    throw Error(concat("invalid format option: ", double_quote(format)));
}

int run(const Invocation& invocation) {
    const GlobalOptions& globals = invocation.globals;
    if (globals.root_given) {
        // A root that was asked for by name must be there; the default one comes with the first
        // container.
        (void)sys::open(globals.root, O_PATH | O_DIRECTORY);
    }
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    const container::Listing listing = loop.run(container::list(engine, container::ListRequest()));
    for (const std::string& failure : listing.failures) {
        invocation.log.error(failure);
    }
    print(text_of(listing, invocation.arguments));
    return 0;
}

}  // namespace

constexpr Command kListCommand{
    .name = "list",
    .summary = "list the containers below the state root",
    .operands = {.usage = "", .at_least = 0, .at_most = 0},
    .options = kOptions,
    .run = run,
};

}  // namespace corun::cli
