// Events in the shape that engines decode.
#include "corun/container/events.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace corun::container;
using Json = nlohmann::json;

namespace {

CgroupStats busy() {
    CgroupStats stats;
    stats.cpu = {.usage_us = 30, .user_us = 10, .system_us = 20, .periods = 4, .throttled_us = 5};
    stats.cpu.pressure = Pressure{.some = {.avg10 = 1.25, .total_us = 9}, .full = {}};
    stats.cpus = "0-2,7";
    stats.memory = MemoryStats{
        .memory = {.current = 100, .limit = 1000, .peak = 200},
        .swap = MemoryUse{.current = 10, .limit = 50, .peak = 20},
        .details = {{"anon", 60}, {"file", 40}},
        .events = {{"oom_kill", 3}, {"low", 0}},
        .pressure = {},
    };
    stats.pids = PidsStats{.current = 2, .limit = {}};
    stats.block_devices = {{.major = 8, .minor = 16, .counters = {{"rbytes", 4096}, {"wios", 2}}}};
    stats.huge_pages = {{"2MB", {.reserved_bytes = 2097152, .failures = 1}}};
    return stats;
}

Json data_of(const CgroupStats& stats) {
    return Json::parse(event_json("web", {.stats = stats})).at("data");
}

}  // namespace

TEST_CASE("events: an out-of-memory kill is a line without data") {
    CHECK(event_json("web", {}) == "{\"type\":\"oom\",\"id\":\"web\"}\n");
}

TEST_CASE("events: statistics are one line with type and id") {
    const std::string line = event_json("web", {.stats = busy()});

    CHECK(line.starts_with(R"({"type":"stats","id":"web","data":{)"));
    CHECK(line.find('\n') == line.size() - 1);
}

TEST_CASE("events: processor time is in nanoseconds, pressure in percent") {
    const Json cpu = data_of(busy()).at("cpu");

    CHECK(cpu.at("usage") == Json{{"total", 30000}, {"kernel", 20000}, {"user", 10000}});
    CHECK(cpu.at("throttling") == Json{{"periods", 4}, {"throttledTime", 5000}});
    CHECK(cpu.at("psi").at("some").at("avg10") == 1.25);
    CHECK(cpu.at("psi").at("some").at("total") == 9);
    CHECK(data_of(busy()).at("cpuset").at("cpus") == Json{0, 1, 2, 7});
}

TEST_CASE("events: swap counts memory too, as in cgroup v1") {
    const Json memory = data_of(busy()).at("memory");

    CHECK(
        memory.at("usage") == Json{{"limit", 1000}, {"usage", 100}, {"max", 200}, {"failcnt", 0}}
    );
    CHECK(memory.at("swap") == Json{{"limit", 1050}, {"usage", 110}, {"failcnt", 0}});
    CHECK(memory.at("cache") == 40);
    CHECK(memory.at("raw") == Json{{"anon", 60}, {"file", 40}});
    CHECK(memory.at("event_count") == Json{{"oom_kill", 3}});
    CHECK_FALSE(memory.contains("psi"));
}

TEST_CASE("events: no limit is the largest number") {
    CgroupStats stats = busy();
    stats.memory->memory.limit.reset();
    const Json memory = data_of(stats).at("memory");

    CHECK(memory.at("usage").at("limit") == 18446744073709551615U);
    CHECK(memory.at("swap").at("limit") == 18446744073709551615U);
    CHECK(data_of(stats).at("pids") == Json{{"current", 2}});
}

TEST_CASE("events: block IO is in tables by operation, huge pages by size") {
    const Json data = data_of(busy());

    CHECK(
        data.at("blkio").at("ioServiceBytesRecursive") ==
        Json::parse(R"([{"major":8,"minor":16,"op":"Read","value":4096},
                        {"major":8,"minor":16,"op":"Write"}])")
    );
    CHECK(data.at("blkio").at("ioServicedRecursive").at(1).at("value") == 2);
    CHECK(data.at("hugetlb") == Json{{"2MB", {{"usage", 2097152}, {"failcnt", 1}}}});
}

TEST_CASE("events: every section is there for a cgroup without controllers") {
    const Json data = data_of({});

    for (const char* section :
         {"cpu",
          "cpuset",
          "memory",
          "pids",
          "blkio",
          "hugetlb",
          "intel_rdt",
          "network_interfaces"}) {
        CAPTURE(section);
        CHECK(data.contains(section));
    }
}
