// `list`: all containers of a state root.
#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/output.hpp"
#include "corun/cli/owner.hpp"
#include "corun/cli/unit_text.hpp"
#include "corun/container/list.hpp"
#include "corun/supervise/varlink_client.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <utility>

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

/// What a supervisor says, if there is one.
using Units = std::map<std::string, supervise::UnitStatus, std::less<>>;

/// Never holds up the list: a supervisor that does not answer at once is none.
Units supervised_units(async::Loop& loop, const std::string& root) {
    constexpr std::chrono::milliseconds kLimit{300};
    Units units;
    std::optional<std::vector<supervise::UnitStatus>> told =
        loop.run(supervise::try_list_units(root, kLimit));
    if (told) {
        for (supervise::UnitStatus& unit : *told) {
            units.emplace(unit.id, std::move(unit));
        }
    }
    return units;
}

const supervise::UnitStatus* find_unit(const Units& units, const container::Summary& summary) {
    const auto found = units.find(summary.id.text());
    return found == units.end() ? nullptr : &found->second;
}

bool is_any_supervised(const container::Listing& listing, const Units& units) {
    return std::any_of(
        listing.containers.begin(),
        listing.containers.end(),
        [&](const container::Summary& summary) { return find_unit(units, summary) != nullptr; }
    );
}

void append_supervised_cells(std::vector<std::string>& row, const supervise::UnitStatus* unit) {
    row.push_back(unit == nullptr ? "-" : concat(unit->restarts));
    row.push_back(unit == nullptr ? "-" : uptime_text(*unit));
    row.push_back(unit == nullptr ? "-" : health_text(*unit));
}

std::string table_of(const container::Listing& listing, const Units& units) {
    Owners owners;
    const bool supervised = is_any_supervised(listing, units);
    std::vector<std::vector<std::string>> rows{
        {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
    if (supervised) {
        for (const char* const heading : {"RESTARTS", "UPTIME", "HEALTH"}) {
            rows.front().emplace_back(heading);
        }
    }
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
        if (supervised) {
            append_supervised_cells(rows.back(), find_unit(units, summary));
        }
    }
    return format_table(rows);
}

std::optional<oci::SupervisedReport> report_of(const supervise::UnitStatus* unit) {
    if (unit == nullptr) {
        return std::nullopt;
    }
    return oci::SupervisedReport{
        .restarts = unit->restarts,
        .uptime_ms = unit->uptime.count(),
        .health = std::string(name_of(unit->health)),
    };
}

std::string json_of(const container::Listing& listing, const Units& units) {
    Owners owners;
    std::vector<oci::StateReport> reports;
    for (const container::Summary& summary : listing.containers) {
        reports.push_back(container::report_of(summary, owners.name_of(summary)));
        reports.back().supervised = report_of(find_unit(units, summary));
    }
    return oci::state_list_json(reports) + "\n";
}

std::string text_of(
    const container::Listing& listing, const Units& units, const Arguments& arguments
) {
    const std::string format = arguments.was_given("format") ? arguments.text("format") : "table";
    if (arguments.is_on("quiet")) {
        return ids_of(listing);
    }
    if (format == "table") {
        return table_of(listing, units);
    }
    if (format == "json") {
        return json_of(listing, units);
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
    Units units;
    if (!invocation.arguments.is_on("quiet")) {
        units = supervised_units(loop, globals.root);
    }
    print(text_of(listing, units, invocation.arguments));
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
