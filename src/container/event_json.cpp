// Events as JSON, member for member as in runc's types/events.go, which engines decode. Pure.
#include "corun/base/text.hpp"
#include "corun/container/events.hpp"
#include "corun/oci/json_writer.hpp"
#include "corun/oci/number_list.hpp"

#include <initializer_list>
#include <limits>

namespace corun::container {

namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

/// Go's `omitempty`.
void member_unless_zero(oci::JsonWriter& json, std::string_view name, std::uint64_t value) {
    if (value != 0) {
        json.member(name, value);
    }
}

void write_shares(oci::JsonWriter& json, std::string_view name, const PressureShares& shares) {
    json.key(name);
    json.begin_object();
    json.member("avg10", shares.avg10);
    json.member("avg60", shares.avg60);
    json.member("avg300", shares.avg300);
    json.member("total", shares.total_us);
    json.end_object();
}

void write_pressure(oci::JsonWriter& json, const std::optional<Pressure>& pressure) {
    if (!pressure) {
        return;
    }
    json.key("psi");
    json.begin_object();
    write_shares(json, "some", pressure->some);
    write_shares(json, "full", pressure->full);
    json.end_object();
}

/// In nanoseconds, as in cgroup v1.
void write_cpu(oci::JsonWriter& json, const CpuStats& cpu) {
    constexpr std::uint64_t kNanoseconds = 1000;
    json.key("cpu");
    json.begin_object();
    json.key("usage");
    json.begin_object();
    member_unless_zero(json, "total", cpu.usage_us * kNanoseconds);
    json.member("kernel", cpu.system_us * kNanoseconds);
    json.member("user", cpu.user_us * kNanoseconds);
    json.end_object();
    json.key("throttling");
    json.begin_object();
    member_unless_zero(json, "periods", cpu.periods);
    member_unless_zero(json, "throttledPeriods", cpu.throttled_periods);
    member_unless_zero(json, "throttledTime", cpu.throttled_us * kNanoseconds);
    json.end_object();
    write_pressure(json, cpu.pressure);
    json.end_object();
}

void write_list(oci::JsonWriter& json, std::string_view name, std::string_view list) {
    const auto ranges = oci::parse_number_list(list);
    if (!ranges || ranges->empty()) {
        return;
    }
    json.key(name);
    json.begin_array();
    for (const oci::NumberRange& range : *ranges) {
        for (std::uint32_t number = range.first; number <= range.last; ++number) {
            json.value(number);
        }
    }
    json.end_array();
}

/// The flags are those of cgroup v1's cpuset, which version 2 does not have.
void write_cpuset(oci::JsonWriter& json, const CgroupStats& stats) {
    json.key("cpuset");
    json.begin_object();
    write_list(json, "cpus", stats.cpus);
    json.member("cpu_exclusive", 0);
    write_list(json, "mems", stats.memory_nodes);
    for (const char* flag :
         {"mem_hardwall",
          "mem_exclusive",
          "memory_migrate",
          "memory_spread_page",
          "memory_spread_slab",
          "memory_pressure",
          "sched_load_balance",
          "sched_relax_domain_level"}) {
        json.member(flag, 0);
    }
    json.end_object();
}

void write_memory_use(
    oci::JsonWriter& json,
    std::string_view name,
    std::uint64_t limit,
    std::uint64_t current,
    std::uint64_t peak
) {
    json.key(name);
    json.begin_object();
    json.member("limit", limit);
    member_unless_zero(json, "usage", current);
    member_unless_zero(json, "max", peak);
    json.member("failcnt", 0);
    json.end_object();
}

/// Version 1 counts memory and swap together.
void write_swap(oci::JsonWriter& json, const MemoryStats& stats) {
    const MemoryUse swap = stats.swap.value_or(MemoryUse{.current = 0, .limit = 0, .peak = 0});
    const bool limited = swap.limit && stats.memory.limit;
    write_memory_use(
        json,
        "swap",
        limited ? *swap.limit + *stats.memory.limit : kUnlimited,
        swap.current + stats.memory.current,
        0
    );
}

void write_memory_events(oci::JsonWriter& json, const Counters& events) {
    json.key("event_count");
    json.begin_object();
    for (const char* name : {"low", "high", "max", "oom", "oom_kill", "oom_group_kill"}) {
        member_unless_zero(json, name, count_of(events, name));
    }
    json.end_object();
}

void write_memory(oci::JsonWriter& json, const std::optional<MemoryStats>& counted) {
    const MemoryStats stats = counted.value_or(MemoryStats());
    json.key("memory");
    json.begin_object();
    member_unless_zero(json, "cache", count_of(stats.details, "file"));
    write_memory_use(
        json,
        "usage",
        stats.memory.limit.value_or(kUnlimited),
        stats.memory.current,
        stats.memory.peak
    );
    write_swap(json, stats);
    write_memory_use(json, "kernel", 0, 0, 0);
    write_memory_use(json, "kernelTCP", 0, 0, 0);
    if (!stats.details.empty()) {
        json.key("raw");
        json.begin_object();
        for (const auto& [name, value] : stats.details) {
            json.member(name, value);
        }
        json.end_object();
    }
    write_pressure(json, stats.pressure);
    write_memory_events(json, stats.events);
    json.end_object();
}

void write_pids(oci::JsonWriter& json, const std::optional<PidsStats>& pids) {
    json.key("pids");
    json.begin_object();
    if (pids) {
        member_unless_zero(json, "current", pids->current);
        member_unless_zero(json, "limit", pids->limit.value_or(0));
    }
    json.end_object();
}

/// A counter of io.stat under the name that version 1 has for the operation.
struct Operation {
    std::string_view counter;
    std::string_view name;
};

void write_operations(
    oci::JsonWriter& json,
    std::string_view table,
    const std::vector<BlockDeviceStats>& devices,
    std::initializer_list<Operation> operations
) {
    if (devices.empty()) {
        return;
    }
    json.key(table);
    json.begin_array();
    for (const BlockDeviceStats& device : devices) {
        for (const Operation& operation : operations) {
            json.begin_object();
            member_unless_zero(json, "major", device.major);
            member_unless_zero(json, "minor", device.minor);
            json.member("op", operation.name);
            member_unless_zero(json, "value", count_of(device.counters, operation.counter));
            json.end_object();
        }
    }
    json.end_array();
}

void write_block_io(oci::JsonWriter& json, const CgroupStats& stats) {
    json.key("blkio");
    json.begin_object();
    write_operations(
        json,
        "ioServiceBytesRecursive",
        stats.block_devices,
        {{"rbytes", "Read"}, {"wbytes", "Write"}}
    );
    write_operations(
        json, "ioServicedRecursive", stats.block_devices, {{"rios", "Read"}, {"wios", "Write"}}
    );
    write_pressure(json, stats.io_pressure);
    json.end_object();
}

void write_huge_pages(
    oci::JsonWriter& json, const std::map<std::string, HugePageStats>& huge_pages
) {
    json.key("hugetlb");
    json.begin_object();
    for (const auto& [size, stats] : huge_pages) {
        json.key(size);
        json.begin_object();
        member_unless_zero(json, "usage", stats.reserved_bytes);
        json.member("failcnt", stats.failures);
        json.end_object();
    }
    json.end_object();
}

void write_stats(oci::JsonWriter& json, const CgroupStats& stats) {
    json.key("data");
    json.begin_object();
    write_cpu(json, stats.cpu);
    write_cpuset(json, stats);
    write_memory(json, stats.memory);
    write_pids(json, stats.pids);
    write_block_io(json, stats);
    write_huge_pages(json, stats.huge_pages);
    json.key("intel_rdt");
    json.begin_object();
    json.end_object();
    // Interfaces made by the runtime, of which there are none in an OCI container.
    json.key("network_interfaces");
    json.null();
    json.end_object();
}

}  // namespace

std::string event_json(std::string_view id, const Event& event) {
    oci::JsonWriter json;
    json.begin_object();
    json.member("type", event.stats ? "stats" : "oom");
    json.member("id", id);
    if (event.stats) {
        write_stats(json, *event.stats);
    }
    json.end_object();
    return json.take() + "\n";
}

}  // namespace corun::container
