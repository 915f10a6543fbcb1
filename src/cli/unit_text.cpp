// Supervised containers as text. Pure.
#include "corun/cli/unit_text.hpp"

#include "corun/base/text.hpp"
#include "corun/cli/output.hpp"
#include "corun/cli/readable.hpp"

#include <string_view>

namespace corun::cli {

namespace {

using supervise::ExitRecord;
using supervise::UnitStatus;

/// Nothing for an empty value.
std::string field(std::string_view name, std::string_view value) {
    constexpr std::size_t kWidth = 10;
    if (value.empty()) {
        return {};
    }
    std::string line = concat("  ", name, ":");
    line.resize(kWidth + 2, ' ');
    return concat(line, value, "\n");
}

std::string state_text(const UnitStatus& unit) {
    std::string text(name_of(unit.state));
    if (unit.pid != 0) {
        text += concat(", pid ", unit.pid, ", up ", uptime_text(unit));
    }
    if (!unit.started_at.empty()) {
        text += concat(" (since ", unit.started_at, ")");
    }
    return text;
}

std::string count_text(const UnitStatus& unit) {
    return concat(
        unit.starts, " (", unit.restarts, " restarts, ", unit.oom_kills, " out-of-memory kills)"
    );
}

std::string log_text(const UnitStatus& unit) {
    std::string text = concat(unit.log.lines, " lines, ", readable_size(unit.log.bytes));
    if (unit.log.dropped_bytes != 0) {
        text += concat(", ", readable_size(unit.log.dropped_bytes), " dropped");
    }
    if (unit.log.errors != 0) {
        text += concat(", ", unit.log.errors, " failed writes");
    }
    return unit.log_path.empty() ? text : concat(text, " in ", unit.log_path);
}

std::string exit_line(const ExitRecord& record) {
    std::string text = concat("    ", record.time, "  ", exit_text(record));
    if (record.signal != 0) {
        text += concat(" (signal ", record.signal, record.oom ? ", out of memory)" : ")");
    } else if (record.oom) {
        text += " (out of memory)";
    }
    text += concat(" after ", readable_duration(record.ran));
    return concat(text, record.decision.empty() ? "" : ": ", record.decision, "\n");
}

}  // namespace

std::string status_block(const UnitStatus& unit) {
    std::string out = concat(
        unit.id,
        "\n",
        field("state", state_text(unit)),
        field("problem", unit.problem),
        field("says", unit.notify_status),
        field("health", unit.health == supervise::Health::none ? "" : name_of(unit.health)),
        field("bundle", unit.bundle),
        field("starts", count_text(unit)),
        field("log", log_text(unit)),
        field("cgroup", unit.cgroup_path)
    );
    if (!unit.history.empty()) {
        out += "  exits:\n";
    }
    for (const ExitRecord& record : unit.history) {
        out += exit_line(record);
    }
    return out;
}

std::string unit_table(const std::vector<UnitStatus>& units) {
    std::vector<std::vector<std::string>> rows{
        {"ID", "STATE", "HEALTH", "PID", "RESTARTS", "UPTIME", "BUNDLE"}};
    for (const UnitStatus& unit : units) {
        rows.push_back({
            unit.id,
            std::string(name_of(unit.state)),
            health_text(unit),
            concat(unit.pid),
            concat(unit.restarts),
            uptime_text(unit),
            unit.bundle,
        });
    }
    return format_table(rows);
}

std::string exit_text(const ExitRecord& record) {
    return record.status ? concat(*record.status) : "unknown";
}

std::string uptime_text(const UnitStatus& unit) {
    return unit.pid == 0 ? "-" : readable_duration(unit.uptime);
}

std::string health_text(const UnitStatus& unit) {
    return unit.health == supervise::Health::none ? "-" : std::string(name_of(unit.health));
}

}  // namespace corun::cli
