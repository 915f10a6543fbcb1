// `events`: statistics and out-of-memory kills as a caller reads them.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

using namespace corun::test;

namespace {

/// Lines of JSON.
std::vector<Json> events_in(const std::string& text) {
    std::vector<Json> events;
    for (const std::string_view line : corun::split(text, '\n')) {
        if (!line.empty()) {
            events.push_back(Json::parse(line));
        }
    }
    return events;
}

}  // namespace

TEST_CASE("events: --stats prints one line and ends" * needs(Capability::cgroup2)) {
    Runtime runtime;
    Bundle bundle;
    Container container = runtime.create(bundle.args({"true"}));

    const std::vector<Json> events =
        events_in(runtime.expect_success({"events", "--stats", container.id()}).out);

    REQUIRE(events.size() == 1);
    CHECK(events[0]["type"] == "stats");
    CHECK(events[0]["id"] == container.id());
    CHECK(events[0]["data"]["cpu"]["usage"]["total"].get<std::uint64_t>() > 0);
    runtime.expect_success({"delete", "--force", container.id()});
}

TEST_CASE("events: statistics come at the interval until the end" * needs(Capability::cgroup2)) {
    Runtime runtime;
    Bundle bundle;
    Container container = runtime.run_detached(bundle.args({"probe", "pause"}));
    container.wait_for_output("ready");
    Process events = runtime.spawn({"events", "--interval", "20ms", container.id()});
    events.wait_for_output("\n");
    events.wait_for_output("\n{");

    container.kill("KILL");
    const Result result = events.wait();

    CHECK(result.exit_code == 0);
    CHECK(events_in(result.out).size() >= 2);
    container.wait();
    container.remove();
}

TEST_CASE("events: a paused container has statistics too" * needs(Capability::cgroup2)) {
    Runtime runtime;
    Bundle bundle;
    Container container = runtime.run_detached(bundle.args({"probe", "pause"}));
    container.wait_for_output("ready");
    runtime.expect_success({"pause", container.id()});

    CHECK(contains(runtime.expect_success({"events", "--stats", container.id()}).out, "stats"));

    runtime.expect_success({"delete", "--force", container.id()});
}

TEST_CASE("events: what cannot be is refused" * needs(Capability::corun_itself)) {
    Runtime runtime;
    Bundle bundle;
    Container container = runtime.run_detached(bundle.args({"true"}));
    container.wait();

    CHECK(failed_saying("container not running", runtime({"events", container.id()})));
    CHECK(failed_saying("container does not exist", runtime({"events", "--stats", "nobody"})));
    CHECK(failed_saying(
        "--interval: expected a duration", runtime({"events", "--interval", "5", container.id()})
    ));
    CHECK(failed_saying(
        "interval must be greater than 0", runtime({"events", "--interval=0s", container.id()})
    ));
    container.remove();
}

TEST_SUITE_BEGIN("controllers");

TEST_CASE("events: an out-of-memory kill is told at once" * needs(Capability::memory_controller)) {
    Runtime runtime;
    Bundle bundle;
    bundle.resources()["memory"] = {{"limit", 32 << 20}};
    Container container = runtime.run_detached(bundle.args({"probe", "pause"}));
    container.wait_for_output("ready");
    Process events = runtime.spawn({"events", "--interval", "50ms", container.id()});
    events.wait_for_output("stats");  // only kills since the command began are told

    CHECK(container.exec({"probe", "allocate", "128"}).exit_code == 137);

    events.wait_for_output("{\"type\":\"oom\",\"id\":\"" + container.id() + "\"}\n");
    container.kill("KILL");
    CHECK(events.wait().exit_code == 0);
    container.wait();
    container.remove();
}

TEST_CASE(
    "events: memory, processes and limits are counted" * needs(Capability::memory_controller)
) {
    Runtime runtime;
    Bundle bundle;
    bundle.resources()["memory"] = {{"limit", 64 << 20}};
    bundle.resources()["pids"] = {{"limit", 9}};
    Container container = runtime.run_detached(bundle.args({"probe", "pause"}));
    container.wait_for_output("ready");

    const Json data =
        events_in(runtime.expect_success({"events", "--stats", container.id()}).out).at(0)["data"];

    CHECK(data["memory"]["usage"]["limit"] == 64 << 20);
    CHECK(data["memory"]["usage"]["usage"].get<std::uint64_t>() > 0);
    CHECK(data["memory"]["raw"]["anon"].get<std::uint64_t>() > 0);
    CHECK(data["pids"] == Json{{"current", 1}, {"limit", 9}});
    runtime.expect_success({"delete", "--force", container.id()});
}

TEST_SUITE_END();
