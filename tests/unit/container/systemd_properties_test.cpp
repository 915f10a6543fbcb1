#include "corun/container/systemd_properties.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace corun;
using namespace corun::container;

namespace {

constexpr std::uint64_t kInfinity = std::numeric_limits<std::uint64_t>::max();
constexpr unsigned kNew = 255;

std::optional<DbusValue> find(const std::vector<UnitProperty>& list, std::string_view name) {
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.name == name; });
    return found == list.end() ? std::nullopt : std::optional(found->value);
}

std::optional<DbusValue> number(std::uint64_t value) {
    return dbus_uint64(value);
}

DbusValue bytes(const std::vector<std::uint64_t>& values) {
    std::vector<DbusValue> list;
    for (const std::uint64_t value : values) {
        list.push_back({.signature = "y", .content = value});
    }
    return dbus_array("y", list);
}

std::vector<UnitProperty> of_unified(const oci::StringMap& unified, unsigned version = kNew) {
    oci::Resources resources;
    resources.unified = unified;
    return limit_properties(resources, version);
}

/// "NODE ACCESS" of each entry; nothing if everything is allowed.
std::optional<std::vector<std::string>> allowed(const std::vector<oci::DeviceRule>& rules) {
    const std::vector<UnitProperty> list = device_properties(rules);
    if (find(list, "DevicePolicy") == dbus_string("auto")) {
        return std::nullopt;
    }
    REQUIRE(find(list, "DevicePolicy") == dbus_string("strict"));
    const DbusValue entries = find(list, "DeviceAllow").value();
    CHECK(entries.signature == "a(ss)");
    std::vector<std::string> out;
    for (const DbusValue& entry : std::get<std::vector<DbusValue>>(entries.content)) {
        const auto& members = std::get<std::vector<DbusValue>>(entry.content);
        out.push_back(
            std::get<std::string>(members[0].content) + " " +
            std::get<std::string>(members[1].content)
        );
    }
    return out;
}

bool contains(const std::vector<std::string>& list, const std::string& entry) {
    return std::find(list.begin(), list.end(), entry) != list.end();
}

std::string refusal_of(const std::string& name, const std::string& value) {
    try {
        (void)annotation_properties({{"org.systemd.property." + name, value}});
        return "accepted";
    } catch (const Error& error) {
        return error.what();
    }
}

std::optional<DbusValue> annotated(const std::string& name, const std::string& value) {
    const auto list = annotation_properties({{"org.systemd.property." + name, value}, {"a", "b"}});
    REQUIRE(list.size() == 1);
    return list.front().value;
}

}  // namespace

TEST_CASE("systemd properties: without limits there are none") {
    CHECK(limit_properties({}, kNew).empty());
}

TEST_CASE("systemd properties: limits become the properties of the same meaning") {
    oci::Resources resources;
    resources.memory.limit = 64 << 20;
    resources.memory.reservation = 32 << 20;
    resources.memory.swap = 96 << 20;
    resources.cpu.shares = 1024;
    resources.cpu.quota_us = 50'000;
    resources.cpu.period_us = 200'000;
    resources.cpu.cpus = "0-2,9";
    resources.cpu.mems = "0";
    resources.pids.limit = 0;
    resources.block_io.weight = 500;

    const std::vector<UnitProperty> list = limit_properties(resources, kNew);

    CHECK(find(list, "MemoryMax") == number(64 << 20));
    CHECK(find(list, "MemoryLow") == number(32 << 20));
    CHECK(find(list, "MemorySwapMax") == number(32 << 20));
    CHECK(find(list, "CPUWeight") == number(100));
    CHECK(find(list, "CPUQuotaPerSecUSec") == number(250'000));
    CHECK(find(list, "CPUQuotaPeriodUSec") == number(200'000));
    CHECK(find(list, "AllowedCPUs") == bytes({0x07, 0x02}));
    CHECK(find(list, "AllowedMemoryNodes") == bytes({0x01}));
    CHECK(find(list, "TasksMax") == number(1));
    CHECK(find(list, "IOWeight") == number(4950));
    CHECK(list.size() == 10);
}

TEST_CASE("systemd properties: unlimited is systemd's infinity") {
    oci::Resources resources;
    resources.memory.limit = -1;
    resources.cpu.quota_us = -1;
    resources.pids.limit = -1;

    const std::vector<UnitProperty> list = limit_properties(resources, kNew);

    CHECK(find(list, "MemoryMax") == number(kInfinity));
    CHECK(find(list, "CPUQuotaPerSecUSec") == number(kInfinity));
    CHECK_FALSE(find(list, "CPUQuotaPeriodUSec"));
    CHECK(find(list, "TasksMax") == number(kInfinity));
}

TEST_CASE("systemd properties: a quota is rounded up to a hundredth of a processor") {
    oci::Resources resources;
    resources.cpu.quota_us = 1;
    CHECK(find(limit_properties(resources, kNew), "CPUQuotaPerSecUSec") == number(10'000));
    resources.cpu.quota_us = 33'333;
    CHECK(find(limit_properties(resources, kNew), "CPUQuotaPerSecUSec") == number(340'000));
}

TEST_CASE("systemd properties: an older systemd is not told what it does not know") {
    oci::Resources resources;
    resources.cpu.quota_us = 50'000;
    resources.cpu.period_us = 100'000;
    resources.cpu.cpus = "0";
    resources.unified = {{"memory.oom.group", "1"}, {"cpu.idle", "1"}, {"memory.zswap.max", "1"}};

    const std::vector<UnitProperty> old = limit_properties(resources, 241);

    CHECK(old.size() == 1);
    CHECK(find(old, "CPUQuotaPerSecUSec") == number(500'000));
    CHECK(find(limit_properties(resources, 242), "CPUQuotaPeriodUSec"));
    CHECK_FALSE(find(limit_properties(resources, 243), "AllowedCPUs"));
    CHECK(find(limit_properties(resources, 244), "AllowedCPUs"));
    CHECK(find(limit_properties(resources, 252), "CPUWeight") == number(0));
    CHECK_FALSE(find(limit_properties(resources, 252), "OOMPolicy"));
    CHECK(find(limit_properties(resources, 253), "OOMPolicy") == dbus_string("kill"));
    CHECK(find(limit_properties(resources, 253), "MemoryZSwapMax") == number(1));
}

TEST_CASE("systemd properties: unified is translated, and overrules") {
    CHECK(find(of_unified({{"memory.high", "1000"}}), "MemoryHigh") == number(1000));
    CHECK(find(of_unified({{"memory.min", "max"}}), "MemoryMin") == number(kInfinity));
    CHECK(find(of_unified({{"cpu.max", "max 100000"}}), "CPUQuotaPerSecUSec") == number(kInfinity));
    CHECK(find(of_unified({{"cpuset.cpus", "1"}}), "AllowedCPUs") == bytes({2}));
    CHECK(find(of_unified({{"cpuset.cpus", ""}}), "AllowedCPUs") == bytes({}));
    CHECK(find(of_unified({{"io.weight", "default 50"}}), "IOWeight") == number(50));
    CHECK(of_unified({{"io.weight", "8:0 50"}}).empty());
    CHECK(of_unified({{"hugetlb.2MB.max", "0"}}).empty());
    oci::Resources resources;
    resources.pids.limit = 5;
    resources.unified = {{"pids.max", "7"}};
    const std::vector<UnitProperty> list = limit_properties(resources, kNew);
    CHECK(list.size() == 1);
    CHECK(find(list, "TasksMax") == number(7));
}

TEST_CASE("systemd properties: a unified value that is no number is refused by its pointer") {
    CHECK_THROWS_WITH_AS(
        of_unified({{"memory.max", "64M"}}),
        "/linux/resources/unified/memory.max: '64M' is no number",
        Error
    );
}

TEST_CASE("systemd properties: device rules become a list, the default devices on it") {
    using oci::CgroupDeviceType;
    const auto list = allowed(
        {{.allow = false},
         {.allow = true,
          .type = CgroupDeviceType::character,
          .major = 10,
          .minor = 229,
          .access = oci::kDeviceRead | oci::kDeviceWrite},
         {.allow = true, .type = CgroupDeviceType::block, .major = 8},
         {.allow = true, .major = 7, .minor = 1, .access = oci::kDeviceRead}}
    );

    REQUIRE(list);
    CHECK(list->at(0) == "/dev/char/10:229 rw");
    CHECK(list->at(1) == "block-8 rwm");
    CHECK(list->at(2) == "/dev/char/7:1 r");
    CHECK(list->at(3) == "/dev/block/7:1 r");
    CHECK(contains(*list, "char-* m"));
    CHECK(contains(*list, "block-* m"));
    CHECK(contains(*list, "/dev/char/1:3 rwm"));
    CHECK(contains(*list, "char-136 rwm"));
}

TEST_CASE("systemd properties: the last rule for all devices decides") {
    CHECK_FALSE(allowed({{.allow = false}, {.allow = true}}));
    CHECK(allowed({{.allow = true}, {.allow = false}})->size() == allowed({})->size());
    // An exception from it cannot be said: the exact filter is not systemd's.
    CHECK_FALSE(allowed(
        {{.allow = true},
         {.allow = false, .type = oci::CgroupDeviceType::block, .major = 8, .minor = 0}}
    ));
}

TEST_CASE("systemd properties: annotations set harmless properties") {
    CHECK(annotated("CollectMode", "'inactive'") == dbus_string("inactive"));
    CHECK(annotated("TimeoutStopUSec", "uint64 123456789") == number(123456789));
    CHECK(annotated("After", "['crio.service']") == dbus_array("s", {dbus_string("crio.service")}));
    CHECK(annotated("DefaultDependencies", "true") == dbus_bool(true));
}

TEST_CASE("systemd properties: seconds become microseconds") {
    const auto list = annotation_properties({{"org.systemd.property.RuntimeMaxSec", "uint64 5"}});
    REQUIRE(list.size() == 1);
    CHECK(list.front() == UnitProperty{.name = "RuntimeMaxUSec", .value = dbus_uint64(5'000'000)});
    CHECK(annotated("TimeoutStopSec", "1.5") == number(1'500'000));
    CHECK(annotated("TimeoutStopSec", "3") == number(3'000'000));
    for (const char* value : {"-1", "-0.5", "'5'", "uint64 18446744073709551615", "1e300"}) {
        CAPTURE(value);
        CHECK(refusal_of("TimeoutStopSec", value)
                  .starts_with("/annotations/org.systemd.property.TimeoutStopSec: "));
    }
}

TEST_CASE("systemd properties: an annotation runs, reads and changes nothing on the host") {
    // CVE-2024-3154
    for (const char* name :
         {"ExecStart",
          "ExecStartPre",
          "ExecStopPost",
          "User",
          "Group",
          "Wants",
          "Requires",
          "BindsTo",
          "Conflicts",
          "OnFailure",
          "EnvironmentFile",
          "RootDirectory",
          "Delegate",
          "Slice",
          "PIDs",
          "DeviceAllow",
          "DevicePolicy",
          "BPFProgram",
          "IPIngressFilterPath"}) {
        CHECK(
            refusal_of(name, "'x'") == "/annotations/org.systemd.property." + std::string(name) +
                                           ": property '" + name +
                                           "' must not be set by an annotation"
        );
    }
}

TEST_CASE("systemd properties: malformed names and values of annotations are refused") {
    for (const char* name : {"", "ab", "Memory Max", "Memory.Max", "Memory1"}) {
        CHECK(
            refusal_of(name, "true").find("invalid name of a systemd property") != std::string::npos
        );
    }
    CHECK(refusal_of("MemoryMax", "lots")
              .starts_with("/annotations/org.systemd.property.MemoryMax: value 'lots': "));
}

TEST_CASE("systemd properties: the version is the number in its text") {
    CHECK(parse_systemd_version("252.38-1~deb12u1") == 252);
    CHECK(parse_systemd_version("v255") == 255);
    CHECK(parse_systemd_version("254~rc1") == 254);
    CHECK(parse_systemd_version("systemd") == 0);
}
