// The table of `top`. Pure.
#include "corun/cli/top_table.hpp"

#include "corun/base/text.hpp"
#include "corun/cli/readable.hpp"
#include "corun/cli/unit_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace corun::cli {

namespace {

using supervise::UnitState;

/// What one container uses per second.
struct Rates {
    double cpu_percent = 0;
    double log_bytes = 0;
};

struct Row {
    const TopEntry* entry = nullptr;
    Rates rates;
};

const TopEntry* find_entry(const TopSample* sample, const TopEntry& wanted) {
    if (sample == nullptr) {
        return nullptr;
    }
    for (const TopEntry& entry : sample->entries) {
        // After a restart its counters begin anew.
        if (entry.unit.id == wanted.unit.id && entry.unit.pid == wanted.unit.pid) {
            return &entry;
        }
    }
    return nullptr;
}

double per_second(std::uint64_t now, std::uint64_t before, double seconds) {
    return seconds <= 0 || now < before ? 0 : static_cast<double>(now - before) / seconds;
}

Rates rates_of(const TopEntry& entry, const TopSample& now, const TopSample* before) {
    constexpr double kMicrosecondsPerPercent = 1e4;
    const TopEntry* const old = find_entry(before, entry);
    const double seconds = old != nullptr
                               ? std::chrono::duration<double>(now.when - before->when).count()
                               : std::chrono::duration<double>(entry.unit.uptime).count();
    const std::uint64_t cpu = entry.usage ? entry.usage->cpu_us() : 0;
    const std::uint64_t old_cpu = old != nullptr && old->usage ? old->usage->cpu_us() : 0;
    const std::uint64_t old_log = old != nullptr ? old->unit.log.bytes : 0;
    return {
        .cpu_percent = per_second(cpu, old_cpu, seconds) / kMicrosecondsPerPercent,
        .log_bytes = per_second(entry.unit.log.bytes, old_log, seconds),
    };
}

std::vector<Row> sorted_rows(const TopSample& now, const TopSample* before) {
    std::vector<Row> rows;
    for (const TopEntry& entry : now.entries) {
        rows.push_back({.entry = &entry, .rates = rates_of(entry, now, before)});
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Row& left, const Row& right) {
        return left.rates.cpu_percent > right.rates.cpu_percent;
    });
    return rows;
}

constexpr std::array<std::string_view, 9> kHeadings{
    "ID", "STATE", "HEALTH", "PID", "UPTIME", "RESTARTS", "CPU%", "MEMORY", "LOG/s"};
constexpr std::size_t kTextColumns = 3;  // aligned left; numbers after them right

using Cells = std::array<std::string, kHeadings.size()>;

Cells cells_of(const Row& row) {
    const supervise::UnitStatus& unit = row.entry->unit;
    const bool counts_memory = row.entry->usage && row.entry->usage->memory_bytes;
    return {
        unit.id,
        std::string(name_of(unit.state)),
        health_text(unit),
        unit.pid == 0 ? "-" : concat(unit.pid),
        uptime_text(unit),
        concat(unit.restarts),
        row.entry->usage ? readable_tenths(row.rates.cpu_percent) : "-",
        counts_memory ? readable_size(*row.entry->usage->memory_bytes) : "-",
        readable_size(static_cast<std::uint64_t>(row.rates.log_bytes)),
    };
}

std::string line_of(const Cells& cells, const std::array<std::size_t, kHeadings.size()>& widths) {
    std::string line;
    for (std::size_t column = 0; column < cells.size(); ++column) {
        const std::string blanks(widths[column] - cells[column].size(), ' ');
        line += column == 0 ? "" : "  ";
        line += column < kTextColumns ? cells[column] + blanks : blanks + cells[column];
    }
    return line;
}

std::string summary_line(const TopSample& sample) {
    constexpr std::array kCounted{
        UnitState::running,
        UnitState::starting,
        UnitState::waiting,
        UnitState::restarting,
        UnitState::stopping,
        UnitState::stopped,
        UnitState::failed,
    };
    std::string line = concat(
        "corun ",
        sample.supervisor.version,
        ", pid ",
        sample.supervisor.pid,
        ": ",
        sample.entries.size(),
        sample.entries.size() == 1 ? " container" : " containers"
    );
    for (const UnitState state : kCounted) {
        const auto count =
            std::count_if(sample.entries.begin(), sample.entries.end(), [&](const TopEntry& entry) {
                return entry.unit.state == state;
            });
        if (count != 0) {
            line += concat(", ", count, " ", name_of(state));
        }
    }
    return line;
}

}  // namespace

std::vector<std::string> top_lines(const TopSample& now, const TopSample* before) {
    std::vector<Cells> table(1);
    std::copy(kHeadings.begin(), kHeadings.end(), table.front().begin());
    for (const Row& row : sorted_rows(now, before)) {
        table.push_back(cells_of(row));
    }
    std::array<std::size_t, kHeadings.size()> widths = {};
    for (const Cells& cells : table) {
        for (std::size_t column = 0; column < cells.size(); ++column) {
            widths[column] = std::max(widths[column], cells[column].size());
        }
    }
    std::vector<std::string> lines{summary_line(now), ""};
    for (const Cells& cells : table) {
        lines.push_back(line_of(cells, widths));
    }
    return lines;
}

std::string top_screen(const std::vector<std::string>& lines, sys::WindowSize size) {
    constexpr std::string_view kHome = "\x1b[H";
    constexpr std::string_view kClearRestOfLine = "\x1b[K";
    constexpr std::string_view kClearBelow = "\x1b[J";
    std::string screen(kHome);
    const std::size_t shown = std::min<std::size_t>(lines.size(), size.rows);
    for (std::size_t i = 0; i < shown; ++i) {
        // No newline after the last one: it would scroll.
        screen += i == 0 ? "" : "\n";
        screen += std::string_view(lines[i]).substr(0, size.columns);
        screen += kClearRestOfLine;
    }
    screen += kClearBelow;
    return screen;
}

}  // namespace corun::cli
