#include "corun/cli/unit_text.hpp"

#include <doctest/doctest.h>

using namespace corun::cli;
using namespace corun::supervise;

namespace {

UnitStatus web() {
    UnitStatus unit;
    unit.id = "web";
    unit.bundle = "/bundles/web";
    unit.state = UnitState::running;
    unit.health = Health::healthy;
    unit.pid = 42;
    unit.starts = 3;
    unit.restarts = 2;
    unit.started_at = "2026-11-26T10:00:00Z";
    unit.uptime = std::chrono::seconds(65);
    unit.notify_status = "serving";
    unit.log.lines = 10;
    unit.log.bytes = 2048;
    unit.log_path = "/log/web.log";
    unit.history = {
        {.time = "2026-11-26T09:00:00Z",
         .status = 137,
         .signal = 9,
         .oom = true,
         .ran = std::chrono::seconds(5),
         .decision = "restart in 200ms"},
        {.time = "2026-11-26T09:30:00Z", .ran = std::chrono::seconds(1)},
    };
    return unit;
}

}  // namespace

TEST_CASE("unit text: a status is a block with what is known, its exits last") {
    CHECK(status_block(web()) == R"(web
  state:    running, pid 42, up 1m05s (since 2026-11-26T10:00:00Z)
  says:     serving
  health:   healthy
  bundle:   /bundles/web
  starts:   3 (2 restarts, 0 out-of-memory kills)
  log:      10 lines, 2.00KiB in /log/web.log
  exits:
    2026-11-26T09:00:00Z  137 (signal 9, out of memory) after 5s: restart in 200ms
    2026-11-26T09:30:00Z  unknown after 1s
)");
}

TEST_CASE("unit text: what does not run has no uptime, what is not checked no health") {
    UnitStatus unit = web();
    unit.pid = 0;
    unit.health = Health::none;
    unit.state = UnitState::failed;
    unit.problem = "config.json: no";
    unit.started_at.clear();

    CHECK(uptime_text(unit) == "-");
    CHECK(health_text(unit) == "-");
    CHECK(status_block(unit).starts_with("web\n  state:    failed\n  problem:  config.json: no\n"));
    CHECK(unit_table({unit}).find("\nweb         failed      -           0 ") != std::string::npos);
}
