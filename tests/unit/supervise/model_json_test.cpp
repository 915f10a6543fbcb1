#include "corun/supervise/model_json.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::supervise;

namespace {

template <class T>
T there_and_back(const T& value) {
    const oci::JsonDocument document(to_json(value));
    T out;
    read_value(document.root(), out);
    return out;
}

UnitStatus full_status() {
    return {
        .id = "web",
        .bundle = "/bundles/web",
        .state = UnitState::restarting,
        .health = Health::unhealthy,
        .pid = 42,
        .starts = 3,
        .restarts = 2,
        .oom_kills = 1,
        .started_at = "2026-11-26T00:00:00Z",
        .uptime = std::chrono::milliseconds(1234),
        .problem = "exec 'x': \"no\"\n",
        .notify_status = "serving",
        .log = {.bytes = 1, .lines = 2, .dropped_bytes = 3, .rotations = 4, .errors = 5},
        .log_path = "/log",
        .cgroup_path = "/web",
        .history = {{.time = "t", .status = 137, .signal = 9, .oom = true, .decision = "restart"}},
    };
}

}  // namespace

TEST_CASE("model json: what is known of a container comes back the same") {
    const UnitStatus status = full_status();

    const UnitStatus back = there_and_back(status);

    CHECK(to_json(back) == to_json(status));
    CHECK(back.state == UnitState::restarting);
    CHECK(back.history.size() == 1);
    CHECK(back.history.front().status == 137);
    CHECK(back.log.errors == 5);
    CHECK(back.uptime.count() == 1234);
}

TEST_CASE("model json: a status that the kernel did not tell is no status") {
    const ExitRecord record{.time = "t", .ran = std::chrono::milliseconds(5)};

    CHECK(to_json(record) == R"({"time":"t","signal":0,"oom":false,"ran_ms":5})");
    CHECK_FALSE(there_and_back(record).status.has_value());
}

TEST_CASE("model json: histograms keep their numbers") {
    SupervisorStatus status{.version = "1", .pid = 1};
    status.loop_lag.bounds = {0.00001, 0.5, 1};
    status.loop_lag.observe(0.25);
    status.loop_lag.observe(3e9);

    const SupervisorStatus back = there_and_back(status);

    CHECK(back.loop_lag.bounds == status.loop_lag.bounds);
    CHECK(back.loop_lag.counts == std::vector<std::uint64_t>{0, 1, 0, 1});
    CHECK(back.loop_lag.sum == status.loop_lag.sum);
}

TEST_CASE("model json: an event says what it is about") {
    const Event event{.sequence = 9, .time = "t", .kind = EventKind::oom, .id = "web"};

    CHECK(to_json(event) == R"({"sequence":9,"time":"t","kind":"oom","id":"web"})");
    CHECK(there_and_back(event).kind == EventKind::oom);
}

TEST_CASE("model json: a state that nobody knows is refused by name") {
    const oci::JsonDocument document(R"({"id":"a","bundle":"/a","state":"asleep","health":"none"})"
    );
    UnitStatus status;

    CHECK_THROWS_WITH_AS(
        read_value(document.root(), status), "/state: unknown state \"asleep\"", Error
    );
}
