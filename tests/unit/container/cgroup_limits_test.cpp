// linux.resources to cgroup2 files: tables of what goes in and what must come out.
#include "corun/container/cgroup_limits.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace corun;
using namespace corun::container;

namespace {

using FileValue = std::pair<std::string, std::string>;
using FileValues = std::vector<FileValue>;

FileValues files_and_values(const oci::Resources& resources) {
    FileValues out;
    for (const LimitWrite& write : limit_writes(resources)) {
        out.emplace_back(write.file, write.value);
    }
    return out;
}

FileValues of_memory(const oci::MemoryResources& memory) {
    oci::Resources resources;
    resources.memory = memory;
    return files_and_values(resources);
}

FileValues of_cpu(const oci::CpuResources& cpu) {
    oci::Resources resources;
    resources.cpu = cpu;
    return files_and_values(resources);
}

FileValues of_io(const oci::BlockIoResources& io) {
    oci::Resources resources;
    resources.block_io = io;
    return files_and_values(resources);
}

FileValues of_pids(std::optional<std::int64_t> limit) {
    oci::Resources resources;
    resources.pids.limit = limit;
    return files_and_values(resources);
}

/// The text of the refusal, or "accepted".
std::string refusal(const oci::Resources& resources) {
    try {
        (void)limit_writes(resources);
    } catch (const Error& error) {
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("cgroup limits: no resources are no writes") {
    CHECK(limit_writes(oci::Resources()).empty());
}

TEST_CASE("cgroup limits: zeros, as docker's update sends them, are no writes") {
    oci::Resources resources;
    resources.memory.limit = 0;
    resources.memory.swap = 0;
    resources.memory.reservation = 0;
    resources.memory.kernel = 0;
    resources.memory.disable_oom_killer = false;
    resources.cpu.shares = 0;
    resources.cpu.quota_us = 0;
    resources.cpu.period_us = 0;
    resources.cpu.realtime_runtime_us = 0;
    resources.cpu.realtime_period_us = 0;
    resources.block_io.weight = 0;
    resources.block_io.leaf_weight = 0;
    resources.network.class_id = 0;

    CHECK(limit_writes(resources).empty());
}

TEST_CASE("cgroup limits: shares become weights along the quadratic curve") {
    const std::vector<std::pair<std::uint64_t, std::uint64_t>> rows = {
        {0, 0},
        {1, 1},
        {2, 1},
        {3, 2},
        {10, 4},
        {100, 17},
        {102, 17},
        {512, 59},
        {1024, 100},
        {2048, 174},
        {10240, 639},
        {65536, 3023},
        {262143, 10000},
        {262144, 10000},
        {1000000, 10000},
    };

    for (const auto& [shares, weight] : rows) {
        CAPTURE(shares);
        CHECK(cpu_weight_of_shares(shares) == weight);
    }
}

TEST_CASE("cgroup limits: the curve of weights never falls") {
    std::uint64_t last = 0;
    for (std::uint64_t shares = 2; shares <= 262144; ++shares) {
        const std::uint64_t weight = cpu_weight_of_shares(shares);
        REQUIRE(weight >= last);
        last = weight;
    }
    CHECK(last == 10000);
}

TEST_CASE("cgroup limits: memory and swap together become two limits") {
    CHECK(of_memory({.limit = 100}) == FileValues{{"memory.max", "100"}});
    CHECK(
        of_memory({.limit = 100, .swap = 150}) ==
        FileValues{{"memory.swap.max", "50"}, {"memory.max", "100"}}
    );
    CHECK(
        of_memory({.limit = 100, .swap = 100}) ==
        FileValues{{"memory.swap.max", "0"}, {"memory.max", "100"}}
    );
    CHECK(
        of_memory({.limit = 100, .swap = -1}) ==
        FileValues{{"memory.swap.max", "max"}, {"memory.max", "100"}}
    );
    CHECK(
        of_memory({.limit = -1}) == FileValues{{"memory.swap.max", "max"}, {"memory.max", "max"}}
    );
    CHECK(
        of_memory({.limit = -1, .swap = 70}) ==
        FileValues{{"memory.swap.max", "70"}, {"memory.max", "max"}}
    );
    CHECK(of_memory({.swap = -1}) == FileValues{{"memory.swap.max", "max"}});
    CHECK(of_memory({.reservation = 5}) == FileValues{{"memory.low", "5"}});
}

TEST_CASE("cgroup limits: a swap limit that only says what is so may lack its file") {
    oci::Resources resources;
    resources.memory = {.limit = 100, .swap = 100};
    CHECK(limit_writes(resources).front().tolerated == LimitWrite::Tolerated::absence);

    resources.memory.swap = 101;
    CHECK(limit_writes(resources).front().tolerated == LimitWrite::Tolerated::nothing);
}

TEST_CASE("cgroup limits: swap without memory, or less than it, is refused") {
    oci::Resources resources;
    resources.memory.swap = 100;
    CHECK(
        refusal(resources) ==
        "/linux/resources/memory/swap: unable to set swap limit without memory limit (it is their "
        "sum)"
    );

    resources.memory.limit = 200;
    CHECK(
        refusal(resources) ==
        "/linux/resources/memory/swap: memory+swap limit should be >= memory limit: 100 < 200"
    );
}

TEST_CASE("cgroup limits: checkBeforeUpdate refuses what is not above the usage") {
    const oci::MemoryResources memory{.limit = 100, .swap = 300, .check_before_update = true};

    CHECK(wants_usage_check(memory));
    CHECK_FALSE(wants_usage_check({.limit = 100}));
    CHECK_FALSE(wants_usage_check({.limit = -1, .check_before_update = true}));
    CHECK_NOTHROW(check_usage(memory, 99));
    CHECK_THROWS_WITH_AS(
        check_usage(memory, 100),
        "/linux/resources/memory/limit: limit 100 is not above the usage 100",
        Error
    );
    CHECK_THROWS_WITH_AS(
        check_usage({.swap = 300}, 300),
        "/linux/resources/memory/swap: limit 300 is not above the usage 300",
        Error
    );
}

TEST_CASE("cgroup limits: quota and period share cpu.max") {
    CHECK(of_cpu({.quota_us = 5000, .period_us = 10000}) == FileValues{{"cpu.max", "5000 10000"}});
    CHECK(of_cpu({.quota_us = 5000}) == FileValues{{"cpu.max", "5000"}});
    CHECK(of_cpu({.quota_us = -1}) == FileValues{{"cpu.max", "max"}});
    CHECK(of_cpu({.quota_us = -1, .period_us = 10000}) == FileValues{{"cpu.max", "max 10000"}});
    CHECK(of_cpu({.period_us = 10000}) == FileValues{{"cpu.max", "max 10000"}});
}

TEST_CASE("cgroup limits: a burst is tried before its quota and written after it") {
    oci::Resources resources;
    resources.cpu = {.quota_us = 5000, .burst_us = 1000};

    const std::vector<LimitWrite> writes = limit_writes(resources);

    REQUIRE(writes.size() == 3);
    CHECK(writes[0].file == "cpu.max.burst");
    CHECK(writes[0].tolerated == LimitWrite::Tolerated::refusal);
    CHECK(writes[1].file == "cpu.max");
    CHECK(writes[2].file == "cpu.max.burst");
    CHECK(writes[2].tolerated == LimitWrite::Tolerated::nothing);
    CHECK(of_cpu({.burst_us = 0}) == FileValues{{"cpu.max.burst", "0"}});
}

TEST_CASE("cgroup limits: an idle cgroup has no weight, a busy one is made busy first") {
    CHECK(of_cpu({.shares = 1024, .idle = 1}) == FileValues{{"cpu.idle", "1"}});
    CHECK(
        of_cpu({.shares = 1024, .idle = 0}) == FileValues{{"cpu.idle", "0"}, {"cpu.weight", "100"}}
    );
}

TEST_CASE("cgroup limits: cpu and node lists belong to cpuset") {
    oci::Resources resources;
    resources.cpu = {.cpus = "0-3", .mems = "0"};

    CHECK(files_and_values(resources) == FileValues{{"cpuset.cpus", "0-3"}, {"cpuset.mems", "0"}});
    CHECK(
        controllers_for(limit_writes(resources)) ==
        std::vector<NeededController>{{.name = "cpuset", .property = "/linux/resources/cpu/cpus"}}
    );
}

TEST_CASE("cgroup limits: a pids limit of zero is a limit, a negative one is none") {
    CHECK(of_pids(std::nullopt).empty());
    CHECK(of_pids(7) == FileValues{{"pids.max", "7"}});
    CHECK(of_pids(-1) == FileValues{{"pids.max", "max"}});
    CHECK(of_pids(-5) == FileValues{{"pids.max", "max"}});
    CHECK(of_pids(0) == FileValues{{"pids.max", "1"}});
}

TEST_CASE("cgroup limits: block weights go to BFQ, or converted to iocost") {
    oci::Resources resources;
    resources.block_io.weight = 500;
    resources.block_io.weight_device = {{.major = 8, .minor = 16, .weight = 10}};

    const std::vector<LimitWrite> writes = limit_writes(resources);

    REQUIRE(writes.size() == 2);
    CHECK(writes[0].file == "io.bfq.weight");
    CHECK(writes[0].value == "500");
    CHECK(writes[0].other_file == "io.weight");
    CHECK(writes[0].other_value == "4950");
    CHECK(writes[1].value == "8:16 10");
    CHECK(writes[1].other_value == "8:16 1");
    CHECK(io_weight_of_blkio_weight(1000) == 10000);
    CHECK(controllers_for(writes).front().name == "io");
}

TEST_CASE("cgroup limits: throttles are lines of io.max, zero lifts one") {
    CHECK(
        of_io(
            {.throttle_read_bps_device = {{.major = 8, .minor = 0, .rate = 1000}},
             .throttle_write_bps_device = {{.major = 8, .minor = 0, .rate = 0}},
             .throttle_read_iops_device = {{.major = 8, .minor = 1, .rate = 10}},
             .throttle_write_iops_device = {{.major = 8, .minor = 1, .rate = 20}}}
        ) ==
        FileValues{
            {"io.max", "8:0 rbps=1000"},
            {"io.max", "8:0 wbps=max"},
            {"io.max", "8:1 riops=10"},
            {"io.max", "8:1 wiops=20"}}
    );
}

TEST_CASE("cgroup limits: huge pages are limited when reserved, then when used") {
    oci::Resources resources;
    resources.hugepage_limits = {{.page_size = "2MB", .limit = 4194304}};

    const std::vector<LimitWrite> writes = limit_writes(resources);

    REQUIRE(writes.size() == 2);
    CHECK(writes[0].file == "hugetlb.2MB.rsvd.max");
    CHECK(writes[0].tolerated == LimitWrite::Tolerated::absence);
    CHECK(writes[1].file == "hugetlb.2MB.max");
    CHECK(writes[1].tolerated == LimitWrite::Tolerated::nothing);
}

TEST_CASE("cgroup limits: only the kernel's page size names pass") {
    for (const char* good : {"2MB", "1GB", "64KB", "16GB"}) {
        CHECK(is_huge_page_size(good));
    }
    for (const char* bad : {"", "MB", "2M", "0MB", "-2MB", "2mb", "../2MB", "2 MB"}) {
        CAPTURE(bad);
        CHECK_FALSE(is_huge_page_size(bad));
    }
}

TEST_CASE("cgroup limits: each rdma device is one line") {
    oci::Resources resources;
    resources.rdma["mlx5_1"] = {.hca_handles = 3, .hca_objects = 10000};
    resources.rdma["rxe3"] = {.hca_objects = 1};

    CHECK(
        files_and_values(resources) ==
        FileValues{
            {"rdma.max", "mlx5_1 hca_handle=3 hca_object=10000"}, {"rdma.max", "rxe3 hca_object=1"}}
    );
}

TEST_CASE("cgroup limits: unified files come last, line by line, whatever their name") {
    oci::Resources resources;
    resources.pids.limit = 5;
    resources.unified["io.max"] = "8:0 rbps=1\n8:16 rbps=2\n";
    resources.unified["new.knob"] = "x";
    resources.unified["cpuset.cpus"] = "";

    CHECK(
        files_and_values(resources) ==
        FileValues{
            {"pids.max", "5"},
            {"cpuset.cpus", "\n"},
            {"io.max", "8:0 rbps=1"},
            {"io.max", "8:16 rbps=2"},
            {"new.knob", "x"}}
    );
    const std::vector<NeededController> needed = controllers_for(limit_writes(resources));
    REQUIRE(needed.size() == 4);
    CHECK(needed[3] == NeededController{"new", "/linux/resources/unified/new.knob"});
}

TEST_CASE("cgroup limits: core files and pressure triggers need no controller") {
    oci::Resources resources;
    resources.unified["cgroup.max.depth"] = "2";
    resources.unified["memory.pressure"] = "some 1 2";

    CHECK(controllers_for(limit_writes(resources)).empty());
}

TEST_CASE("cgroup limits: a unified key is a file name") {
    oci::Resources slash;
    slash.unified["../memory.max"] = "1";
    CHECK(
        refusal(slash) ==
        "/linux/resources/unified/..~1memory.max: '../memory.max' must be a file name (no slashes)"
    );

    oci::Resources plain;
    plain.unified["memory"] = "1";
    CHECK(
        refusal(plain) ==
        "/linux/resources/unified/memory: 'memory' must be in the form CONTROLLER.PARAMETER"
    );
}

TEST_CASE("cgroup limits: what only version 1 had is refused by name") {
    const auto refused = [](auto change) {
        oci::Resources resources;
        change(resources);
        return refusal(resources);
    };
    const std::string reason = ": cgroup v2 has no such control";

    CHECK(refused([](auto& r) {
              r.memory.kernel = 1;
          }) == "/linux/resources/memory/kernel" + reason);
    CHECK(refused([](auto& r) {
              r.memory.kernel_tcp = 1;
          }) == "/linux/resources/memory/kernelTCP" + reason);
    CHECK(refused([](auto& r) {
              r.memory.swappiness = 0;
          }) == "/linux/resources/memory/swappiness" + reason);
    CHECK(refused([](auto& r) {
              r.memory.disable_oom_killer = true;
          }) == "/linux/resources/memory/disableOOMKiller" + reason);
    CHECK(refused([](auto& r) {
              r.cpu.realtime_period_us = 1;
          }) == "/linux/resources/cpu/realtimePeriod" + reason);
    CHECK(refused([](auto& r) {
              r.cpu.realtime_runtime_us = 1;
          }) == "/linux/resources/cpu/realtimeRuntime" + reason);
    CHECK(refused([](auto& r) {
              r.block_io.leaf_weight = 10;
          }) == "/linux/resources/blockIO/leafWeight" + reason);
    CHECK(refused([](auto& r) {
              r.network.class_id = 1;
          }) == "/linux/resources/network/classID" + reason);
    CHECK(refused([](auto& r) {
              r.network.priorities = {{"eth0", 1}};
          }) == "/linux/resources/network/priorities" + reason);
    CHECK(
        refused([](auto& r) { r.memory.use_hierarchy = false; }) ==
        "/linux/resources/memory/useHierarchy: cgroup v2 always accounts for the whole hierarchy"
    );
}

TEST_CASE("cgroup limits: values outside their range are refused by name") {
    oci::Resources weight;
    weight.block_io.weight = 9;
    CHECK(refusal(weight) == "/linux/resources/blockIO/weight: 9 is not in 10..1000");

    oci::Resources memory;
    memory.memory.limit = -2;
    CHECK(
        refusal(memory) == "/linux/resources/memory/limit: -2 is neither a limit nor -1 (unlimited)"
    );

    oci::Resources pages;
    pages.hugepage_limits = {{.page_size = "2M", .limit = 1}};
    CHECK(refusal(pages) == "/linux/resources/hugepageLimits: bad page size '2M'");
}

TEST_CASE("cgroup limits: all that cannot be had is told, the rest is written") {
    oci::Resources resources;
    resources.memory.kernel = 1;
    resources.memory.swappiness = 1;
    resources.memory.swap = 5;
    resources.cpu.realtime_period_us = 1;
    resources.block_io.weight = 9;
    resources.network.class_id = 1;
    resources.hugepage_limits = {{.page_size = "2M", .limit = 1}};
    resources.unified = {{"a/b", "1"}, {"nodot", "1"}};
    resources.pids.limit = 7;
    oci::Problems problems(oci::Problems::Mode::keep_all);

    const std::vector<LimitWrite> writes = limit_writes(resources, problems);

    std::vector<std::string> pointers;
    for (const oci::Problem& problem : problems.list()) {
        pointers.push_back(problem.pointer);
    }
    CHECK(
        pointers ==
        std::vector<std::string>{
            "/linux/resources/network/classID",
            "/linux/resources/memory/kernel",
            "/linux/resources/memory/swappiness",
            "/linux/resources/memory/swap",
            "/linux/resources/blockIO/weight",
            "/linux/resources/cpu/realtimePeriod",
            "/linux/resources/hugepageLimits",
            "/linux/resources/unified/a~1b",
            "/linux/resources/unified/nodot",
        }
    );
    REQUIRE(writes.size() == 1);
    CHECK(writes[0].file == "pids.max");
}
