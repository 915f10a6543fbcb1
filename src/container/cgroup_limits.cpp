// From linux.resources to cgroup2 files and values. Pure functions; Cgroup::apply writes them.
#include "corun/container/cgroup_limits.hpp"

#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/base/text.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace corun::container {

namespace {

constexpr std::string_view kResources = "/linux/resources/";

using Tolerated = LimitWrite::Tolerated;

std::string pointer(std::string_view property) {
    return concat(kResources, property);
}

/// The writes as they come together, and what cannot be one.
class Writes : NonCopyable {
public:
    explicit Writes(oci::Problems& problems) : problems_(problems) {}

    void push_back(LimitWrite write) { list_.push_back(std::move(write)); }

    void refuse_at(std::string_view pointer, std::string_view reason) {
        problems_.add(pointer, reason);
    }

    void refuse(std::string_view property, std::string_view reason) {
        refuse_at(pointer(property), reason);
    }

    void refuse_version_1(std::string_view property) {
        refuse(property, "cgroup v2 has no such control");
    }

    [[nodiscard]] std::vector<LimitWrite> take() { return std::move(list_); }

private:
    oci::Problems& problems_;
    std::vector<LimitWrite> list_;
};

[[noreturn]] void refuse(std::string_view property, std::string_view reason) {
    throw Error(concat(pointer(property), ": ", reason));
}

/// A member of an object, its name escaped as RFC 6901 wants.
std::string member_pointer(std::string_view object, std::string_view name) {
    std::string out = concat(kResources, object, "/");
    for (const char c : name) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out += c;
        }
    }
    return out;
}

template <class Number>
bool is_set(const std::optional<Number>& value) {
    return value.value_or(0) != 0;
}

/// -1 is version 1's way to say "no limit".
std::string number_or_max(std::string_view property, std::int64_t value) {
    if (value < -1) {
        refuse(property, concat(value, " is neither a limit nor -1 (unlimited)"));
    }
    return value == -1 ? "max" : std::to_string(value);
}

// ---------------------------------------------------------------- memory

/// Why there is no limit on swap that would do what is asked for; empty: there is.
std::string swap_contradiction(const oci::MemoryResources& memory) {
    const std::int64_t limit = memory.limit.value_or(0);
    const std::int64_t total = memory.swap.value_or(0);
    if (total == 0 || total == -1 || limit == -1) {
        return {};
    }
    if (limit == 0) {
        return "unable to set swap limit without memory limit (it is their sum)";
    }
    return total < limit
               ? concat("memory+swap limit should be >= memory limit: ", total, " < ", limit)
               : std::string();
}

void refuse_version_1_memory(const oci::MemoryResources& memory, Writes& writes) {
    if (memory.kernel.value_or(0) > 0) {
        writes.refuse_version_1("memory/kernel");
    }
    if (memory.kernel_tcp.value_or(0) > 0) {
        writes.refuse_version_1("memory/kernelTCP");
    }
    if (memory.swappiness) {
        writes.refuse_version_1("memory/swappiness");
    }
    if (memory.disable_oom_killer.value_or(false)) {
        writes.refuse_version_1("memory/disableOOMKiller");
    }
    if (!memory.use_hierarchy.value_or(true)) {
        writes.refuse("memory/useHierarchy", "cgroup v2 always accounts for the whole hierarchy");
    }
}

void add_memory(const oci::MemoryResources& memory, Writes& writes) {
    refuse_version_1_memory(memory, writes);
    const std::string contradiction = swap_contradiction(memory);
    if (!contradiction.empty()) {
        writes.refuse("memory/swap", contradiction);
    } else if (const std::optional<std::string> swap = swap_max(memory)) {
        // A kernel without swap has no such file, and no swap to use either.
        const bool is_natural = *swap == "max" || *swap == "0";
        writes.push_back(
            {.property = pointer("memory/swap"),
             .file = "memory.swap.max",
             .value = *swap,
             .tolerated = is_natural ? Tolerated::absence : Tolerated::nothing}
        );
    }
    if (is_set(memory.limit)) {
        writes.push_back(
            {.property = pointer("memory/limit"),
             .file = "memory.max",
             .value = number_or_max("memory/limit", *memory.limit)}
        );
    }
    if (is_set(memory.reservation)) {
        writes.push_back(
            {.property = pointer("memory/reservation"),
             .file = "memory.low",
             .value = number_or_max("memory/reservation", *memory.reservation)}
        );
    }
}

// ---------------------------------------------------------------- cpu

void add_cpu_weight(const oci::CpuResources& cpu, Writes& writes) {
    if (cpu.idle) {
        writes.push_back(
            {.property = pointer("cpu/idle"),
             .file = "cpu.idle",
             .value = std::to_string(*cpu.idle)}
        );
    }
    // An idle group has the lowest weight of all and the kernel refuses to change it.
    if (is_set(cpu.shares) && cpu.idle.value_or(0) == 0) {
        writes.push_back(
            {.property = pointer("cpu/shares"),
             .file = "cpu.weight",
             .value = std::to_string(cpu_weight_of_shares(*cpu.shares))}
        );
    }
}

void add_cpu_quota(const oci::CpuResources& cpu, Writes& writes) {
    if (!is_set(cpu.quota_us) && !is_set(cpu.period_us)) {
        return;
    }
    // Without a period the kernel keeps the one there is, 100 ms in a new cgroup.
    const std::int64_t quota = cpu.quota_us.value_or(0);
    std::string value = quota > 0 ? std::to_string(quota) : "max";
    if (is_set(cpu.period_us)) {
        value += concat(" ", *cpu.period_us);
    }
    writes.push_back(
        {.property = pointer(is_set(cpu.quota_us) ? "cpu/quota" : "cpu/period"),
         .file = "cpu.max",
         .value = std::move(value)}
    );
}

/// The burst may not exceed the quota, neither the old one nor the new: a smaller burst must come
/// before its quota, a larger one after it.
void add_cpu_bandwidth(const oci::CpuResources& cpu, Writes& writes) {
    LimitWrite burst = {
        .property = pointer("cpu/burst"),
        .file = "cpu.max.burst",
        .value = std::to_string(cpu.burst_us.value_or(0))};
    const bool has_quota = is_set(cpu.quota_us) || is_set(cpu.period_us);
    if (cpu.burst_us && has_quota) {
        burst.tolerated = Tolerated::refusal;
        writes.push_back(burst);
        burst.tolerated = Tolerated::nothing;
    }
    add_cpu_quota(cpu, writes);
    if (cpu.burst_us) {
        writes.push_back(std::move(burst));
    }
}

void add_cpu(const oci::CpuResources& cpu, Writes& writes) {
    if (is_set(cpu.realtime_runtime_us)) {
        writes.refuse_version_1("cpu/realtimeRuntime");
    }
    if (is_set(cpu.realtime_period_us)) {
        writes.refuse_version_1("cpu/realtimePeriod");
    }
    add_cpu_weight(cpu, writes);
    add_cpu_bandwidth(cpu, writes);
    if (!cpu.cpus.empty()) {
        writes.push_back({.property = pointer("cpu/cpus"), .file = "cpuset.cpus", .value = cpu.cpus}
        );
    }
    if (!cpu.mems.empty()) {
        writes.push_back({.property = pointer("cpu/mems"), .file = "cpuset.mems", .value = cpu.mems}
        );
    }
}

// ---------------------------------------------------------------- pids

/// 0, "no process at all", is written as 1, as runc does: it would also keep out the container's
/// first process, which is born in the cgroup. With 1 that one cannot fork either.
void add_pids(const oci::PidsResources& pids, Writes& writes) {
    if (!pids.limit) {
        return;
    }
    const std::int64_t limit = *pids.limit;
    writes.push_back(
        {.property = pointer("pids/limit"),
         .file = "pids.max",
         .value = limit < 0 ? "max" : std::to_string(std::max<std::int64_t>(limit, 1))}
    );
}

// ---------------------------------------------------------------- io

/// `device` is empty for the cgroup's own weight, else "MAJOR:MINOR ". BFQ has its own file, with
/// the range of version 1; without BFQ it is iocost's.
void add_io_weight(
    std::string_view property, std::string_view device, std::uint16_t weight, Writes& writes
) {
    if (weight == 0) {
        return;
    }
    constexpr std::uint16_t kLeast = 10;
    constexpr std::uint16_t kMost = 1000;
    if (weight < kLeast || weight > kMost) {
        writes.refuse(property, concat(weight, " is not in 10..1000"));
        return;
    }
    writes.push_back(
        {.property = pointer(property),
         .file = "io.bfq.weight",
         .value = concat(device, weight),
         .other_file = "io.weight",
         .other_value = concat(device, io_weight_of_blkio_weight(weight))}
    );
}

std::string device_prefix(std::uint32_t major, std::uint32_t minor) {
    return concat(major, ":", minor, " ");
}

void add_throttles(
    std::string_view property,
    std::string_view key,
    const std::vector<oci::BlockThrottleDevice>& devices,
    Writes& writes
) {
    for (const oci::BlockThrottleDevice& device : devices) {
        const std::string rate = device.rate == 0 ? "max" : std::to_string(device.rate);
        writes.push_back(
            {.property = pointer(property),
             .file = "io.max",
             .value = concat(device_prefix(device.major, device.minor), key, "=", rate)}
        );
    }
}

void add_block_io(const oci::BlockIoResources& io, Writes& writes) {
    if (is_set(io.leaf_weight)) {
        writes.refuse_version_1("blockIO/leafWeight");
    }
    add_io_weight("blockIO/weight", "", io.weight.value_or(0), writes);
    for (const oci::BlockWeightDevice& device : io.weight_device) {
        if (is_set(device.leaf_weight)) {
            writes.refuse_version_1("blockIO/weightDevice");
        }
        add_io_weight(
            "blockIO/weightDevice",
            device_prefix(device.major, device.minor),
            device.weight.value_or(0),
            writes
        );
    }
    add_throttles("blockIO/throttleReadBpsDevice", "rbps", io.throttle_read_bps_device, writes);
    add_throttles("blockIO/throttleWriteBpsDevice", "wbps", io.throttle_write_bps_device, writes);
    add_throttles("blockIO/throttleReadIOPSDevice", "riops", io.throttle_read_iops_device, writes);
    add_throttles(
        "blockIO/throttleWriteIOPSDevice", "wiops", io.throttle_write_iops_device, writes
    );
}

// ---------------------------------------------------------------- the rest

void add_huge_pages(const std::vector<oci::HugepageLimit>& limits, Writes& writes) {
    for (const oci::HugepageLimit& limit : limits) {
        if (!is_huge_page_size(limit.page_size)) {
            writes.refuse("hugepageLimits", concat("bad page size ", quote(limit.page_size)));
            continue;
        }
        const std::string value = std::to_string(limit.limit);
        // The limit on reservations first: beyond it mmap(2) fails, while beyond the other one the
        // process dies of SIGBUS when it touches the page. Linux 5.7; config-linux#huge-page-limits
        writes.push_back(
            {.property = pointer("hugepageLimits"),
             .file = concat("hugetlb.", limit.page_size, ".rsvd.max"),
             .value = value,
             .tolerated = Tolerated::absence}
        );
        writes.push_back(
            {.property = pointer("hugepageLimits"),
             .file = concat("hugetlb.", limit.page_size, ".max"),
             .value = value}
        );
    }
}

void add_rdma(const std::map<std::string, oci::RdmaLimit, std::less<>>& devices, Writes& writes) {
    for (const auto& [name, limit] : devices) {
        std::string value = name;
        if (limit.hca_handles) {
            value += concat(" hca_handle=", *limit.hca_handles);
        }
        if (limit.hca_objects) {
            value += concat(" hca_object=", *limit.hca_objects);
        }
        writes.push_back(
            {.property = member_pointer("rdma", name), .file = "rdma.max", .value = value}
        );
    }
}

void refuse_network(const oci::NetworkResources& network, Writes& writes) {
    if (is_set(network.class_id)) {
        writes.refuse_version_1("network/classID");
    }
    if (!network.priorities.empty()) {
        writes.refuse_version_1("network/priorities");
    }
}

/// Each line on its own: files such as io.max take one per write.
void add_unified(const oci::StringMap& unified, Writes& writes) {
    for (const auto& [file, value] : unified) {
        const std::string property = member_pointer("unified", file);
        if (file.find('/') != std::string::npos) {
            writes.refuse_at(property, concat(quote(file), " must be a file name (no slashes)"));
            continue;
        }
        const std::size_t dot = file.find('.');
        if (dot == std::string::npos || dot == 0) {
            writes.refuse_at(
                property, concat(quote(file), " must be in the form CONTROLLER.PARAMETER")
            );
            continue;
        }
        for (const std::string_view line : split(trim(value), '\n')) {
            // An empty value empties a list (cpuset.cpus); a write of no bytes would do nothing.
            std::string text = line.empty() ? "\n" : std::string(line);
            writes.push_back({.property = property, .file = file, .value = std::move(text)});
        }
    }
}

/// Files of the core, which every cgroup has: "cgroup.*", "cpu.stat", and "*.pressure" of PSI.
bool belongs_to_core(std::string_view file) {
    return file.starts_with("cgroup.") || file.ends_with(".pressure") || file == "cpu.stat";
}

}  // namespace

std::vector<LimitWrite> limit_writes(const oci::Resources& resources) {
    oci::Problems problems(oci::Problems::Mode::throw_first);
    return limit_writes(resources, problems);
}

std::vector<LimitWrite> limit_writes(const oci::Resources& resources, oci::Problems& problems) {
    Writes writes(problems);
    refuse_network(resources.network, writes);
    add_pids(resources.pids, writes);
    add_memory(resources.memory, writes);
    add_block_io(resources.block_io, writes);
    add_cpu(resources.cpu, writes);
    add_huge_pages(resources.hugepage_limits, writes);
    add_rdma(resources.rdma, writes);
    // Last: it is the way to overrule what the conversions above make of version 1's values.
    add_unified(resources.unified, writes);
    return writes.take();
}

std::vector<NeededController> controllers_for(const std::vector<LimitWrite>& writes) {
    std::vector<NeededController> needed;
    for (const LimitWrite& write : writes) {
        const std::string_view name = std::string_view(write.file).substr(0, write.file.find('.'));
        const bool is_known =
            std::any_of(needed.begin(), needed.end(), [&](const NeededController& one) {
                return one.name == name;
            });
        if (!is_known && !belongs_to_core(write.file)) {
            needed.push_back({.name = std::string(name), .property = write.property});
        }
    }
    return needed;
}

bool wants_usage_check(const oci::MemoryResources& memory) {
    return memory.check_before_update &&
           (memory.limit.value_or(0) > 0 || memory.swap.value_or(0) > 0);
}

void check_usage(const oci::MemoryResources& memory, std::uint64_t usage_bytes) {
    const auto check = [&](std::string_view property, std::int64_t limit) {
        if (limit > 0 && static_cast<std::uint64_t>(limit) <= usage_bytes) {
            refuse(property, concat("limit ", limit, " is not above the usage ", usage_bytes));
        }
    };
    check("memory/limit", memory.limit.value_or(0));
    check("memory/swap", memory.swap.value_or(0));
}

std::uint64_t cpu_weight_of_shares(std::uint64_t shares) {
    constexpr std::uint64_t kLeastShares = 2;
    constexpr std::uint64_t kMostShares = 262144;
    constexpr std::uint64_t kMostWeight = 10000;
    if (shares == 0) {
        return 0;
    }
    if (shares <= kLeastShares) {
        return 1;
    }
    if (shares >= kMostShares) {
        return kMostWeight;
    }
    // The parabola over log2(shares) whose values at 1, 10 and 18 are the logarithms of 1, 100 and
    // 10000.
    const double octave = std::log2(static_cast<double>(shares));
    const double exponent = (octave * octave + 125.0 * octave) / 612.0 - 7.0 / 34.0;
    return static_cast<std::uint64_t>(std::ceil(std::pow(10.0, exponent)));
}

std::uint64_t io_weight_of_blkio_weight(std::uint16_t weight) {
    return 1 + (static_cast<std::uint64_t>(weight) - 10) * 9999 / 990;
}

std::optional<std::string> swap_max(const oci::MemoryResources& memory) {
    const std::int64_t limit = memory.limit.value_or(0);
    const std::int64_t total = memory.swap.value_or(0);
    if (total == 0) {
        // Version 1 lifts the limit on the sum together with the one on memory.
        return limit == -1 ? std::optional<std::string>("max") : std::nullopt;
    }
    if (total == -1 || limit == -1) {
        return number_or_max("memory/swap", total);
    }
    const std::string contradiction = swap_contradiction(memory);
    if (!contradiction.empty()) {
        refuse("memory/swap", contradiction);
    }
    return std::to_string(total - limit);
}

bool is_huge_page_size(std::string_view text) {
    if (!text.ends_with("KB") && !text.ends_with("MB") && !text.ends_with("GB")) {
        return false;
    }
    return parse_number<std::uint64_t>(text.substr(0, text.size() - 2)).value_or(0) > 0;
}

}  // namespace corun::container
