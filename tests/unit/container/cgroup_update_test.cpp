// New limits beside old ones.
#include "corun/container/cgroup_update.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace corun;
using namespace corun::container;

namespace {

constexpr std::int64_t kMiB = 1 << 20;

/// `file=value` in the order of the writes.
std::vector<std::string> written(const oci::Resources& asked, const LimitsInForce& now) {
    std::vector<std::string> out;
    for (const LimitWrite& write : update_writes(complete_update(asked, now), now)) {
        out.push_back(write.file + "=" + write.value);
    }
    return out;
}

std::vector<std::string> of_memory(
    std::optional<std::int64_t> limit, std::optional<std::int64_t> swap, const LimitsInForce& now
) {
    oci::Resources asked;
    asked.memory.limit = limit;
    asked.memory.swap = swap;
    return written(asked, now);
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("update: a period alone keeps the quota, a quota alone the period") {
    oci::Resources period;
    period.cpu.period_us = 50000;
    oci::Resources quota;
    quota.cpu.quota_us = 20000;

    CHECK(written(period, {.cpu_quota_us = 30000}) == Lines{"cpu.max=30000 50000"});
    CHECK(written(period, {}) == Lines{"cpu.max=max 50000"});
    CHECK(written(quota, {.cpu_quota_us = 30000}) == Lines{"cpu.max=20000"});
}

TEST_CASE("update: memory alone keeps the sum with swap where one was asked for") {
    const LimitsInForce now{.memory_bytes = 64 * kMiB, .memory_and_swap_bytes = 128 * kMiB};

    CHECK(
        of_memory(32 * kMiB, {}, now) == Lines{"memory.swap.max=100663296", "memory.max=33554432"}
    );
    CHECK(of_memory(32 * kMiB, {}, {.memory_bytes = 64 * kMiB}) == Lines{"memory.max=33554432"});
    CHECK_THROWS_WITH(
        of_memory(256 * kMiB, {}, now),
        "/linux/resources/memory/swap: memory+swap limit should be >= memory limit: "
        "134217728 < 268435456"
    );
}

TEST_CASE("update: the sum alone keeps the memory") {
    CHECK(
        of_memory({}, 96 * kMiB, {.memory_bytes = 64 * kMiB}) ==
        Lines{"memory.swap.max=33554432", "memory.max=67108864"}
    );
    CHECK_THROWS(of_memory({}, 96 * kMiB, {}));
    CHECK(of_memory({}, -1, {.memory_bytes = 64 * kMiB}) == Lines{"memory.swap.max=max"});
}

TEST_CASE("update: memory grows before swap shrinks, and shrinks after swap grew") {
    const LimitsInForce now{.memory_bytes = 64 * kMiB, .memory_and_swap_bytes = 128 * kMiB};

    CHECK(
        of_memory(96 * kMiB, {}, now) == Lines{"memory.max=100663296", "memory.swap.max=33554432"}
    );
    CHECK(
        of_memory(32 * kMiB, 256 * kMiB, now) ==
        Lines{"memory.swap.max=234881024", "memory.max=33554432"}
    );
    CHECK(of_memory(-1, {}, now) == Lines{"memory.max=max", "memory.swap.max=max"});
}

TEST_CASE("update: devices are left alone") {
    oci::Resources asked;
    asked.devices.push_back({.allow = true});

    CHECK(complete_update(asked, {}) == oci::Resources());
}

TEST_CASE("update: a write is taken back by what the file said before") {
    struct Row {
        std::string file;
        std::string text;
        std::string value;
        std::string restored;
    };

    const Row rows[] = {
        {"memory.max", "max\n", "1048576", "max"},
        {"cpu.max", "max 100000\n", "1000 50000", "max 100000"},
        {"cpuset.cpus", "\n", "0", "\n"},
        {"io.max",
         "8:0 rbps=1 wbps=max riops=max wiops=max\n8:16 rbps=2 wbps=max riops=max wiops=max\n",
         "8:16 rbps=7",
         "8:16 rbps=2 wbps=max riops=max wiops=max"},
        {"io.max", "18:0 rbps=1\n", "8:0 rbps=7", "8:0 rbps=max wbps=max riops=max wiops=max"},
        {"io.weight", "default 100\n8:0 50\n", "300", "default 100"},
        {"io.weight", "default 100\n", "8:0 300", "8:0 default"},
        {"rdma.max",
         "mlx4_0 hca_handle=2 hca_object=max\n",
         "mlx4_0 hca_handle=1",
         "mlx4_0 hca_handle=2 hca_object=max"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.file);
        CHECK(write_to_restore(row.file, row.text, row.value).value == row.restored);
    }
}
