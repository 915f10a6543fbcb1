// The state JSON: names, order and form are what callers parse.
#include "corun/oci/state.hpp"

#include <doctest/doctest.h>

using namespace corun::oci;

namespace {

StateReport example() {
    return {
        .state =
            {
                .oci_version = "1.0.2",
                .id = "oci-container1",
                .status = Status::running,
                .pid = 4422,
                .bundle = "/containers/redis",
                .annotations = {{"myKey", "myValue"}},
            },
        .rootfs = "/containers/redis/rootfs",
        .created = "2026-11-24T02:11:00.123456789Z",
        .owner = "root",
    };
}

}  // namespace

TEST_CASE("state: the command prints runc's members in runc's order") {
    CHECK(state_report_json(example()) == R"({
  "ociVersion": "1.0.2",
  "id": "oci-container1",
  "pid": 4422,
  "status": "running",
  "bundle": "/containers/redis",
  "rootfs": "/containers/redis/rootfs",
  "created": "2026-11-24T02:11:00.123456789Z",
  "annotations": {
    "myKey": "myValue"
  },
  "owner": "root"
})");
}

TEST_CASE("state: the command prints a stopped container's pid as 0") {
    StateReport report = example();
    report.state.status = Status::stopped;
    report.state.pid = 0;
    CHECK(
        state_report_json(report).find("\"pid\": 0,\n  \"status\": \"stopped\"") !=
        std::string::npos
    );
}

TEST_CASE("state: a list is an array, and null if nothing is in it") {
    StateReport report = example();
    report.state.annotations.clear();
    const std::vector<StateReport> reports{report, report};
    const std::string one =
        R"({"ociVersion":"1.0.2","id":"oci-container1","pid":4422,"status":"running",)"
        R"("bundle":"/containers/redis","rootfs":"/containers/redis/rootfs",)"
        R"("created":"2026-11-24T02:11:00.123456789Z","owner":"root"})";
    CHECK(state_list_json(reports) == "[" + one + "," + one + "]");
    CHECK(state_list_json({}) == "null");
}

TEST_CASE("state: every status has the spec's name") {
    CHECK(status_name(Status::creating) == "creating");
    CHECK(status_name(Status::created) == "created");
    CHECK(status_name(Status::running) == "running");
    CHECK(status_name(Status::paused) == "paused");
    CHECK(status_name(Status::stopped) == "stopped");
}

TEST_CASE("state: a supervised container says what the supervisor knows, others as before") {
    StateReport report = example();
    const std::string alone = state_list_json(std::vector{report});
    report.supervised = {.restarts = 2, .uptime_ms = 1500, .health = "healthy"};

    const std::string supervised = state_list_json(std::vector{report});

    CHECK(alone.ends_with(R"("owner":"root"}])"));
    CHECK(
        supervised == alone.substr(0, alone.size() - 2) +
                          R"(,"supervised":{"restarts":2,"uptime_ms":1500,"health":"healthy"}}])"
    );
}
