// The `linux.resources` section; config-linux.md#control-groups.
// Runs in the parent; pure. What the host's cgroups can do of it is decided elsewhere.
#include "corun/base/text.hpp"
#include "corun/oci/read_sections.hpp"

#include <algorithm>

namespace corun::oci {
constexpr std::int64_t kMaxDeviceNumber = std::numeric_limits<std::uint32_t>::max();

/// -1 is the Go runtimes' spelling of "any".
static void read_device_number(
    JsonValue object, std::string_view name, std::optional<std::uint32_t>& out
) {
    if (const auto value = object.find(name)) {
        const std::int64_t number = value->whole_number(-1, kMaxDeviceNumber);
        if (number >= 0) {
            out = static_cast<std::uint32_t>(number);
        }
    }
}

static std::uint32_t read_access(JsonValue value) {
    std::uint32_t access = 0;
    for (const char letter : value.string()) {
        switch (letter) {
            case 'r':
                access |= kDeviceRead;
                break;
            case 'w':
                access |= kDeviceWrite;
                break;
            case 'm':
                access |= kDeviceMknod;
                break;
            default:
                value.fail_expected("letters of \"rwm\"");
        }
    }
    return access;
}

static void read_value(JsonValue value, DeviceRule& out) {
    read_required(value, "allow", out.allow);
    if (const auto type = value.find("type"); type && !type->string().empty()) {
        out.type = read_name(*type, "device type", kCgroupDeviceTypeNames);
    }
    read_device_number(value, "major", out.major);
    read_device_number(value, "minor", out.minor);
    if (const auto access = value.find("access"); access && !access->string().empty()) {
        out.access = read_access(*access);
    }
}

/// Bytes, or -1 for "unlimited".
static void read_limit(JsonValue object, std::string_view name, std::optional<std::int64_t>& out) {
    if (const auto value = object.find(name)) {
        out = value->whole_number(-1, std::numeric_limits<std::int64_t>::max());
    }
}

static void read_value(JsonValue value, MemoryResources& out) {
    read_limit(value, "limit", out.limit);
    read_limit(value, "reservation", out.reservation);
    read_limit(value, "swap", out.swap);
    read_limit(value, "kernel", out.kernel);
    read_limit(value, "kernelTCP", out.kernel_tcp);
    if (const auto swappiness = value.find("swappiness")) {
        out.swappiness = swappiness->natural_number(100);
    }
    read_optional(value, "disableOOMKiller", out.disable_oom_killer);
    read_optional(value, "useHierarchy", out.use_hierarchy);
    read_optional(value, "checkBeforeUpdate", out.check_before_update);
}

/// The kernel's own notation, which has more than we read elsewhere (`0-31:2/4`, `all`), but only
/// these characters; a newline would be a second write.
static void read_cpuset(JsonValue object, std::string_view name, std::string& out) {
    if (const auto value = object.find(name)) {
        out = value->string();
        if (out.find_first_not_of("0123456789-,:/ all") != std::string::npos) {
            value->fail_expected("a list of numbers such as \"0-3,7\"");
        }
    }
}

static void read_value(JsonValue value, CpuResources& out) {
    read_optional(value, "shares", out.shares);
    read_optional(value, "quota", out.quota_us);
    read_optional(value, "burst", out.burst_us);
    read_optional(value, "period", out.period_us);
    read_optional(value, "realtimeRuntime", out.realtime_runtime_us);
    read_optional(value, "realtimePeriod", out.realtime_period_us);
    read_cpuset(value, "cpus", out.cpus);
    read_cpuset(value, "mems", out.mems);
    if (const auto idle = value.find("idle")) {
        out.idle = idle->whole_number(0, 1);
    }
}

static void read_value(JsonValue value, PidsResources& out) {
    read_limit(value, "limit", out.limit);
}

static void read_value(JsonValue value, BlockWeightDevice& out) {
    read_required(value, "major", out.major);
    read_required(value, "minor", out.minor);
    read_optional(value, "weight", out.weight);
    read_optional(value, "leafWeight", out.leaf_weight);
    if (!out.weight && !out.leaf_weight) {
        value.fail("weight or leafWeight is required");
    }
}

static void read_value(JsonValue value, BlockThrottleDevice& out) {
    read_required(value, "major", out.major);
    read_required(value, "minor", out.minor);
    read_required(value, "rate", out.rate);
}

static void read_value(JsonValue value, BlockIoResources& out) {
    read_optional(value, "weight", out.weight);
    read_optional(value, "leafWeight", out.leaf_weight);
    read_optional(value, "weightDevice", out.weight_device);
    read_optional(value, "throttleReadBpsDevice", out.throttle_read_bps_device);
    read_optional(value, "throttleWriteBpsDevice", out.throttle_write_bps_device);
    read_optional(value, "throttleReadIOPSDevice", out.throttle_read_iops_device);
    read_optional(value, "throttleWriteIOPSDevice", out.throttle_write_iops_device);
}

/// config-linux.md#huge-page-limits: `<size><unit>B`, such as 64KB, 2MB, 1GB.
static bool is_page_size(std::string_view text) {
    if (text.size() < 3 || !text.ends_with('B') || text[0] == '0') {
        return false;
    }
    const std::string_view unit = "KMG";
    const std::string_view digits = text.substr(0, text.size() - 2);
    return unit.find(text[text.size() - 2]) != std::string_view::npos &&
           std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

static void read_value(JsonValue value, HugepageLimit& out) {
    const JsonValue size = value.require("pageSize");
    out.page_size = size.string();
    if (!is_page_size(out.page_size)) {
        size.fail_expected("a page size such as \"2MB\"");
    }
    read_required(value, "limit", out.limit);
}

static void read_value(JsonValue value, InterfacePriority& out) {
    out.name = read_filled(value.require("name"));
    read_required(value, "priority", out.priority);
}

static void read_value(JsonValue value, NetworkResources& out) {
    read_optional(value, "classID", out.class_id);
    read_optional(value, "priorities", out.priorities);
}

static void read_value(JsonValue value, RdmaLimit& out) {
    read_optional(value, "hcaHandles", out.hca_handles);
    read_optional(value, "hcaObjects", out.hca_objects);
    if (!out.hca_handles && !out.hca_objects) {
        value.fail("hcaHandles or hcaObjects is required");
    }
}

/// The key names a file below the cgroup's directory, and nothing else.
static bool is_cgroup_file_name(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos;
}

static void read_unified(JsonValue value, StringMap& out) {
    read_value(value, out);
    for (const JsonValue member : value.members()) {
        if (!is_cgroup_file_name(member.key())) {
            member.fail("the key is not the name of a cgroup file");
        }
    }
}

/// Device names stand in a line of their own with the limits: no blank may be in them.
static void read_rdma(JsonValue value, std::map<std::string, RdmaLimit, std::less<>>& out) {
    for (const JsonValue member : value.members()) {
        const std::string_view name = member.key();
        if (name.empty() || name.find_first_of(" \t\n") != std::string_view::npos) {
            member.fail("the key is not the name of a device");
        }
        read_value(member, out[std::string(name)]);
    }
}

void read_value(JsonValue value, Resources& out) {
    read_optional(value, "devices", out.devices);
    read_optional(value, "memory", out.memory);
    read_optional(value, "cpu", out.cpu);
    read_optional(value, "pids", out.pids);
    read_optional(value, "blockIO", out.block_io);
    read_optional(value, "hugepageLimits", out.hugepage_limits);
    read_optional(value, "network", out.network);
    if (const auto rdma = value.find("rdma")) {
        read_rdma(*rdma, out.rdma);
    }
    if (const auto unified = value.find("unified")) {
        read_unified(*unified, out.unified);
    }
}

}  // namespace corun::oci
