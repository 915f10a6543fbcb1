#include "corun/cli/top_table.hpp"

#include <doctest/doctest.h>

using namespace corun::cli;
using namespace corun::supervise;
using namespace std::chrono_literals;

namespace {

TopEntry entry(std::string id, std::uint64_t cpu_us, std::uint64_t log_bytes) {
    TopEntry out;
    out.unit.id = std::move(id);
    out.unit.state = UnitState::running;
    out.unit.pid = 7;
    out.unit.uptime = 10s;
    out.unit.log.bytes = log_bytes;
    out.usage = Usage{.cpu_user_us = cpu_us, .memory_bytes = 1 << 20};
    return out;
}

TopSample sample(std::chrono::seconds when, std::vector<TopEntry> entries) {
    TopSample out;
    out.when = std::chrono::steady_clock::time_point(when);
    out.supervisor.version = "1.2";
    out.supervisor.pid = 5;
    out.entries = std::move(entries);
    return out;
}

}  // namespace

TEST_CASE("top: what is told per second is the difference of two looks, the busiest first") {
    const TopSample before = sample(1s, {entry("idle", 0, 0), entry("busy", 1'000'000, 100)});
    TopSample now = sample(3s, {entry("idle", 2'000, 0), entry("busy", 2'500'000, 2300)});
    now.entries.push_back({});
    now.entries.back().unit.id = "off";

    const std::vector<std::string> lines = top_lines(now, &before);

    REQUIRE(lines.size() == 6);
    CHECK(lines[0] == "corun 1.2, pid 5: 3 containers, 2 running, 1 stopped");
    CHECK(lines[2] == "ID    STATE    HEALTH  PID  UPTIME  RESTARTS  CPU%   MEMORY    LOG/s");
    CHECK(lines[3] == "busy  running  -         7     10s         0  75.0  1.00MiB  1.07KiB");
    CHECK(lines[4] == "idle  running  -         7     10s         0   0.1  1.00MiB       0B");
    CHECK(lines[5] == "off   stopped  -         -       -         0     -        -       0B");
}

TEST_CASE("top: without a look before, it is the average since the start") {
    const std::vector<std::string> lines =
        top_lines(sample(1s, {entry("web", 1'000'000, 500)}), nullptr);

    CHECK(lines[3] == "web  running  -         7     10s         0  10.0  1.00MiB    50B");
}

TEST_CASE("top: after a restart the counters of the process before do not count") {
    const TopSample before = sample(1s, {entry("web", 9'000'000, 0)});
    TopSample now = sample(2s, {entry("web", 1'000'000, 0)});
    now.entries.front().unit.pid = 8;

    CHECK(top_lines(now, &before)[3].find("  10.0  ") != std::string::npos);
}

TEST_CASE("top: a screen has no more lines and columns than the terminal") {
    CHECK(
        top_screen({"abcdef", "gh", "ij"}, {.rows = 2, .columns = 4}) ==
        "\x1b[Habcd\x1b[K\ngh\x1b[K\x1b[J"
    );
}
