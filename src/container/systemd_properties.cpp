// linux.resources as properties of a unit: made from the very writes to the cgroup's files, so that
// the two cannot differ. Pure.
#include "corun/container/systemd_properties.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/cgroup_devices.hpp"
#include "corun/container/cgroup_limits.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace corun::container {

namespace {

constexpr std::uint64_t kInfinity = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kDefaultPeriodUs = 100'000;
constexpr unsigned kVersionWithQuotaPeriod = 242;
constexpr unsigned kVersionWithAllowedCpus = 244;
constexpr unsigned kVersionWithIdleWeight = 252;
constexpr unsigned kVersionWithScopeOomPolicy = 253;
constexpr unsigned kVersionWithZswap = 253;

using Properties = std::vector<UnitProperty>;

/// A later one overrules.
void set(Properties& properties, std::string_view name, DbusValue value) {
    const auto found = std::find_if(properties.begin(), properties.end(), [&](const auto& one) {
        return one.name == name;
    });
    if (found != properties.end()) {
        found->value = std::move(value);
    } else {
        properties.push_back({.name = std::string(name), .value = std::move(value)});
    }
}

std::uint64_t number(const LimitWrite& write, std::string_view text) {
    if (text == "max") {
        return kInfinity;
    }
    const std::optional<std::uint64_t> value = parse_number<std::uint64_t>(text);
    if (!value) {
        throw Error(concat(write.property, ": ", quote(text), " is no number"));
    }
    return *value;
}

/// Files whose value is one number, or "max".
struct NumberFile {
    std::string_view file;
    std::string_view property;
    unsigned since = 0;
};

constexpr std::array<NumberFile, 8> kNumberFiles{{
    {.file = "cpu.weight", .property = "CPUWeight"},
    {.file = "memory.high", .property = "MemoryHigh"},
    {.file = "memory.low", .property = "MemoryLow"},
    {.file = "memory.max", .property = "MemoryMax"},
    {.file = "memory.min", .property = "MemoryMin"},
    {.file = "memory.swap.max", .property = "MemorySwapMax"},
    {.file = "memory.zswap.max", .property = "MemoryZSwapMax", .since = kVersionWithZswap},
    {.file = "pids.max", .property = "TasksMax"},
}};

/// `"QUOTA [PERIOD]"`. systemd thinks in parts of a second and keeps hundredths of a processor: a
/// quota that is no such number is rounded up.
void set_cpu_quota(const LimitWrite& write, unsigned version, Properties& properties) {
    constexpr std::uint64_t kSecondUs = 1'000'000;
    constexpr std::uint64_t kStepUs = 10'000;
    const std::vector<std::string_view> parts = split(write.value, ' ');
    const std::uint64_t period =
        parts.size() > 1 ? number(write, parts[1]) : std::uint64_t{kDefaultPeriodUs};
    std::uint64_t quota = number(write, parts[0]);
    if (period == 0 || period > kSecondUs ||
        (quota != kInfinity && quota > kInfinity / kSecondUs)) {
        return;  // the kernel refuses it, and says why
    }
    if (parts.size() > 1 && version >= kVersionWithQuotaPeriod) {
        set(properties, "CPUQuotaPeriodUSec", dbus_uint64(period));
    }
    if (quota != kInfinity) {
        quota = quota * kSecondUs / period;
        quota += quota % kStepUs == 0 ? 0 : kStepUs - quota % kStepUs;
    }
    set(properties, "CPUQuotaPerSecUSec", dbus_uint64(quota));
}

/// "0-2,7" as bytes of a bit mask, the lowest first. Empty lists are systemd's for "all".
std::optional<DbusValue> bit_mask(std::string_view list) {
    constexpr unsigned kMost = 1U << 16U;
    std::vector<DbusValue> bytes;
    for (const std::string_view part : split(trim(list), ',')) {
        if (part.empty()) {
            continue;
        }
        const std::size_t dash = part.find('-');
        const auto first = parse_number<unsigned>(part.substr(0, dash));
        const auto last =
            dash == std::string_view::npos ? first : parse_number<unsigned>(part.substr(dash + 1));
        if (!first || !last || *last >= kMost) {
            return std::nullopt;  // the kernel has more forms than systemd
        }
        for (unsigned bit = *first; bit <= *last; ++bit) {
            while (bytes.size() <= bit / 8) {
                bytes.push_back({.signature = "y", .content = std::uint64_t{0}});
            }
            std::get<std::uint64_t>(bytes[bit / 8].content) |= std::uint64_t{1} << (bit % 8);
        }
    }
    return dbus_array("y", std::move(bytes));
}

void set_mask(
    const LimitWrite& write, std::string_view property, unsigned version, Properties& properties
) {
    std::optional<DbusValue> mask = bit_mask(write.value);
    if (version >= kVersionWithAllowedCpus && mask) {
        set(properties, property, *std::move(mask));
    }
}

/// In systemd the weight 0 means idle; "not idle" is what a weight says anyway.
void set_idle(const LimitWrite& write, unsigned version, Properties& properties) {
    if (version >= kVersionWithIdleWeight && trim(write.value) == "1") {
        set(properties, "CPUWeight", dbus_uint64(0));
    }
}

void set_io_weight(std::string_view value, Properties& properties) {
    value = trim(value);
    value.remove_prefix(value.starts_with("default ") ? 8 : 0);
    if (const auto weight = parse_number<std::uint64_t>(value)) {  // else one of a device
        set(properties, "IOWeight", dbus_uint64(*weight));
    }
}

void set_oom_policy(const LimitWrite& write, unsigned version, Properties& properties) {
    if (version >= kVersionWithScopeOomPolicy) {
        set(properties, "OOMPolicy", dbus_string(trim(write.value) == "1" ? "kill" : "continue"));
    }
}

void translate(const LimitWrite& write, unsigned version, Properties& properties) {
    for (const NumberFile& known : kNumberFiles) {
        if (write.file == known.file && version >= known.since) {
            set(properties, known.property, dbus_uint64(number(write, trim(write.value))));
            return;
        }
    }
    if (write.file == "cpu.max") {
        set_cpu_quota(write, version, properties);
    } else if (write.file == "cpu.idle") {
        set_idle(write, version, properties);
    } else if (write.file == "cpuset.cpus") {
        set_mask(write, "AllowedCPUs", version, properties);
    } else if (write.file == "cpuset.mems") {
        set_mask(write, "AllowedMemoryNodes", version, properties);
    } else if (write.file == "io.weight") {
        set_io_weight(write.value, properties);
    } else if (write.other_file == "io.weight") {
        set_io_weight(write.other_value, properties);
    } else if (write.file == "memory.oom.group") {
        set_oom_policy(write, version, properties);
    }
}

// ---------------------------------------------------------------- devices

using DeviceList = std::vector<std::pair<std::string, std::string>>;

std::string letters(std::uint32_t access) {
    std::string out;
    out += (access & oci::kDeviceRead) != 0 ? "r" : "";
    out += (access & oci::kDeviceWrite) != 0 ? "w" : "";
    out += (access & oci::kDeviceMknod) != 0 ? "m" : "";
    return out;
}

/// By number: systemd takes `/dev/char/1:3` apart without looking whether it exists.
std::string node_name(std::string_view kind, const oci::DeviceRule& rule) {
    if (!rule.major) {
        return concat(kind, "-*");  // a minor alone says nothing to systemd
    }
    if (!rule.minor) {
        return concat(kind, "-", *rule.major);
    }
    return concat("/dev/", kind, "/", *rule.major, ":", *rule.minor);
}

bool covers_all_devices(const oci::DeviceRule& rule) {
    constexpr std::uint32_t kAll = oci::kDeviceMknod | oci::kDeviceRead | oci::kDeviceWrite;
    return rule.type == oci::CgroupDeviceType::all && !rule.major && !rule.minor &&
           rule.access == kAll;
}

void allow(const oci::DeviceRule& rule, DeviceList& list) {
    if (rule.type != oci::CgroupDeviceType::block) {
        list.emplace_back(node_name("char", rule), letters(rule.access));
    }
    if (rule.type != oci::CgroupDeviceType::character) {
        list.emplace_back(node_name("block", rule), letters(rule.access));
    }
}

/// Nothing: everything is allowed.
std::optional<DeviceList> allowed_devices(const std::vector<oci::DeviceRule>& rules) {
    std::optional<DeviceList> list(std::in_place);
    for (const oci::DeviceRule& rule : rules) {
        if (covers_all_devices(rule)) {
            list = rule.allow ? std::nullopt : std::optional<DeviceList>(std::in_place);
        } else if (rule.allow && list) {
            allow(rule, *list);
        }
    }
    return list;
}

}  // namespace

std::vector<UnitProperty> limit_properties(const oci::Resources& resources, unsigned version) {
    Properties properties;
    for (const LimitWrite& write : limit_writes(resources)) {
        translate(write, version, properties);
    }
    return properties;
}

std::vector<UnitProperty> device_properties(const std::vector<oci::DeviceRule>& rules) {
    Properties properties;
    std::optional<DeviceList> list = allowed_devices(rules);
    set(properties, "DevicePolicy", dbus_string(list ? "strict" : "auto"));
    if (!list) {
        return properties;
    }
    for (const oci::DeviceRule& rule : default_device_rules()) {
        allow(rule, *list);
    }
    std::vector<DbusValue> entries;
    for (auto& [node, access] : *list) {
        entries.push_back(
            {.signature = "(ss)",
             .content = std::vector{dbus_string(std::move(node)), dbus_string(std::move(access))}}
        );
    }
    set(properties, "DeviceAllow", dbus_array("(ss)", std::move(entries)));
    return properties;
}

unsigned parse_systemd_version(std::string_view text) {
    text.remove_prefix(text.starts_with('v') ? 1 : 0);
    const std::size_t length = std::min(text.find_first_not_of("0123456789"), text.size());
    return parse_number<unsigned>(text.substr(0, length)).value_or(0);
}

}  // namespace corun::container
