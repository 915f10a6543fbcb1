#include "corun/supervise/metrics.hpp"

#include "corun/base/text.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace corun;
using namespace corun::supervise;

namespace {

Metrics some_metrics() {
    Metrics metrics;
    metrics.supervisor.version = "1.2";
    metrics.supervisor.start_latency.bounds = {0.001, 0.5};
    metrics.supervisor.start_latency.observe(0.0005);
    metrics.supervisor.start_latency.observe(0.25);
    metrics.supervisor.start_latency.observe(2);
    metrics.own.user = std::chrono::milliseconds(1500);
    ContainerMetrics web;
    web.unit.id = "web";
    web.unit.state = UnitState::running;
    web.unit.health = Health::healthy;
    web.unit.pid = 7;
    web.unit.restarts = 3;
    web.unit.log.bytes = 99;
    web.usage = Usage{.cpu_user_us = 2'500'000, .cpu_system_us = 1, .memory_bytes = 4096};
    web.usage->io_pressure = PressureTotals{.some_us = 1'000'000, .full_us = 0};
    metrics.containers.push_back(web);
    ContainerMetrics db;
    db.unit.id = "db";
    db.unit.state = UnitState::failed;
    metrics.containers.push_back(db);
    return metrics;
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("metrics: each value is a line with its labels") {
    const std::string text = metrics_text(some_metrics());

    CHECK(has_line(text, R"(corun_supervisor_info{version="1.2"} 1)"));
    CHECK(has_line(text, "corun_supervisor_containers 2"));
    CHECK(has_line(text, R"(corun_supervisor_cpu_seconds_total{mode="user"} 1.5)"));
    CHECK(has_line(text, R"(corun_container_state{id="web",state="running"} 1)"));
    CHECK(has_line(text, R"(corun_container_state{id="db",state="failed"} 1)"));
    CHECK(has_line(text, R"(corun_container_up{id="web"} 1)"));
    CHECK(has_line(text, R"(corun_container_up{id="db"} 0)"));
    CHECK(has_line(text, R"(corun_container_restarts_total{id="web"} 3)"));
    CHECK(has_line(text, R"(corun_container_cpu_seconds_total{id="web",mode="user"} 2.5)"));
    CHECK(has_line(text, R"(corun_container_cpu_seconds_total{id="web",mode="system"} 1e-06)"));
    CHECK(has_line(text, R"(corun_container_memory_bytes{id="web"} 4096)"));
    CHECK(has_line(text, R"(corun_container_log_bytes_total{id="web"} 99)"));
    CHECK(has_line(
        text, R"(corun_container_pressure_seconds_total{id="web",resource="io",kind="some"} 1)"
    ));
}

TEST_CASE("metrics: what is not known is no line, and a family without lines is not there") {
    const std::string text = metrics_text(some_metrics());

    CHECK(text.find(R"(cpu_seconds_total{id="db")") == std::string::npos);
    CHECK(text.find(R"(corun_container_health{id="db")") == std::string::npos);
    CHECK(text.find("corun_container_memory_peak_bytes") == std::string::npos);
}

TEST_CASE("metrics: a histogram's buckets are summed up") {
    const std::string text = metrics_text(some_metrics());

    CHECK(text.find(R"(# TYPE corun_supervisor_start_latency_seconds histogram
corun_supervisor_start_latency_seconds_bucket{le="0.001"} 1
corun_supervisor_start_latency_seconds_bucket{le="0.5"} 2
corun_supervisor_start_latency_seconds_bucket{le="+Inf"} 3
corun_supervisor_start_latency_seconds_sum 2.2505
corun_supervisor_start_latency_seconds_count 3
)") != std::string::npos);
    CHECK(has_line(text, R"(corun_supervisor_loop_lag_seconds_bucket{le="+Inf"} 0)"));
}

TEST_CASE("metrics: each family has its help and its type once, and counters their ending") {
    const std::string text = metrics_text(some_metrics());
    std::set<std::string> typed;
    for (const std::string_view line : split(text, '\n')) {
        if (line.starts_with("# TYPE ")) {
            const std::vector<std::string_view> words = split(line, ' ');
            const std::string name(words[2]);
            CAPTURE(name);
            CHECK(typed.insert(name).second);
            CHECK(name.ends_with("_total") == (words[3] == "counter"));
            CHECK(text.find(concat("# HELP ", name, " ")) != std::string::npos);
        }
    }
    CHECK(typed.size() > 15);
}

TEST_CASE("metrics: a label's value is escaped") {
    CHECK(escape_label("a\\b\"c\nd") == R"(a\\b\"c\nd)");
}
