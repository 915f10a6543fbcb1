// The `linux` section apart from resources and seccomp; config-linux.md.
// Runs in the parent; pure.
#include "corun/base/text.hpp"
#include "corun/oci/mount_options.hpp"
#include "corun/oci/read_sections.hpp"
#include "corun/oci/sysctl.hpp"

#include <sys/stat.h>

#include <algorithm>

namespace corun::oci {
static void read_value(JsonValue value, Namespace& out) {
    out.kind = read_name(value.require("type"), "namespace", kNamespaceNames);
    if (const auto path = value.find("path"); path && !path->string().empty()) {
        out.path = read_absolute_path(*path);
    }
}

static void read_namespaces(JsonValue value, std::vector<Namespace>& out) {
    std::uint32_t seen = 0;
    for (const JsonValue element : value.elements()) {
        read_value(element, out.emplace_back());
        const auto bit = static_cast<std::uint32_t>(out.back().kind);
        if ((seen & bit) != 0) {
            const JsonValue type = element.require("type");
            type.fail(concat("namespace ", double_quote(type.string()), " is given twice"));
        }
        seen |= bit;
    }
}

static void read_value(JsonValue value, TimeOffset& out) {
    constexpr std::uint64_t kMaxNanoseconds = 999'999'999;
    read_optional(value, "secs", out.seconds);
    if (const auto nanoseconds = value.find("nanosecs")) {
        out.nanoseconds = static_cast<std::uint32_t>(nanoseconds->natural_number(kMaxNanoseconds));
    }
}

static void read_value(JsonValue value, TimeOffsets& out) {
    for (const JsonValue member : value.members()) {
        if (member.key() == "monotonic") {
            read_value(member, out.monotonic.emplace());
        } else if (member.key() == "boottime") {
            read_value(member, out.boottime.emplace());
        } else {
            member.fail("a time namespace has no such clock");
        }
    }
}

static std::uint32_t file_type_of(DeviceType type) {
    switch (type) {
        case DeviceType::block:
            return S_IFBLK;
        case DeviceType::character:
            return S_IFCHR;
        case DeviceType::fifo:
            return S_IFIFO;
    }
    return 0;
}

/// The permission bits. Some callers pass st_mode whole; its file type must then be the device's.
static std::uint32_t read_file_mode(JsonValue value, DeviceType type) {
    constexpr std::uint32_t kPermissions = 07777;
    std::uint32_t mode = 0;
    read_value(value, mode);
    const std::uint32_t rest = mode & ~kPermissions;
    if (rest != 0 && rest != file_type_of(type)) {
        value.fail_expected("permission bits of a file mode");
    }
    return mode & kPermissions;
}

static void read_value(JsonValue value, Device& out) {
    out.type = read_name(value.require("type"), "device type", kDeviceTypeNames);
    out.path = read_absolute_path(value.require("path"));
    if (out.type != DeviceType::fifo) {
        read_required(value, "major", out.major);
        read_required(value, "minor", out.minor);
    }
    if (const auto mode = value.find("fileMode")) {
        out.file_mode = read_file_mode(*mode, out.type);
    }
    read_optional(value, "uid", out.uid);
    read_optional(value, "gid", out.gid);
}

/// What the kernel takes as a device's name (dev_valid_name), plus `%d` for the new one.
static bool is_interface_name(std::string_view name) {
    constexpr std::size_t kMaxBytes = 15;
    return !name.empty() && name.size() <= kMaxBytes && name != "." && name != ".." &&
           name.find_first_of("/: \t\n\v\f\r") == std::string_view::npos;
}

static void read_net_devices(JsonValue value, std::vector<NetDevice>& out) {
    for (const JsonValue member : value.members()) {
        NetDevice& device = out.emplace_back();
        device.host_name = member.key();
        if (!is_interface_name(device.host_name)) {
            member.fail("the key is not the name of a network device");
        }
        read_optional(member, "name", device.name);
        if (!device.name.empty() && !is_interface_name(device.name)) {
            member.require("name").fail_expected("the name of a network device");
        }
    }
}

static void read_value(JsonValue value, IntelRdt& out) {
    read_optional(value, "closID", out.clos_id);
    if (out.clos_id == "." || out.clos_id == ".." || out.clos_id.find('/') != std::string::npos) {
        value.require("closID").fail_expected("the name of a directory");
    }
    read_optional(value, "l3CacheSchema", out.l3_cache_schema);
    read_optional(value, "memBwSchema", out.mem_bw_schema);
    read_optional(value, "schemata", out.schemata);
    read_optional(value, "enableMonitoring", out.enable_monitoring);
}

static void read_value(JsonValue value, Personality& out) {
    out.domain = read_name(value.require("domain"), "personality", kPersonalityNames);
    read_optional(value, "flags", out.flags);
}

static void read_value(JsonValue value, MemoryPolicy& out) {
    out.mode = read_name(value.require("mode"), "memory policy", kMemoryPolicyModeNames);
    if (const auto nodes = value.find("nodes")) {
        out.nodes = read_number_list(*nodes);
    }
    if (const auto flags = value.find("flags")) {
        out.flags = read_flags(*flags, "memory policy flag", kMemoryPolicyFlagNames);
    }
}

static void read_sysctl(JsonValue value, StringMap& out) {
    for (const JsonValue member : value.members()) {
        if (!out.emplace(dotted_sysctl(member.key()), member.string()).second) {
            member.fail("this sysctl is given twice, in two spellings");
        }
    }
}

static void read_absolute_paths(
    JsonValue object, std::string_view name, std::vector<std::string>& out
) {
    if (const auto list = object.find(name)) {
        for (const JsonValue element : list->elements()) {
            out.emplace_back(read_absolute_path(element));
        }
    }
}

static void read_propagation(JsonValue value, std::optional<PropagationChange>& out) {
    if (value.string().empty()) {
        return;
    }
    out = parse_propagation(value.string());
    if (!out) {
        value.fail_unknown("mount propagation");
    }
}

void read_value(JsonValue value, Linux& out) {
    if (const auto namespaces = value.find("namespaces")) {
        read_namespaces(*namespaces, out.namespaces);
    }
    read_optional(value, "uidMappings", out.uid_mappings);
    read_optional(value, "gidMappings", out.gid_mappings);
    read_optional(value, "timeOffsets", out.time_offsets);
    read_optional(value, "devices", out.devices);
    if (const auto devices = value.find("netDevices")) {
        read_net_devices(*devices, out.net_devices);
    }
    read_optional(value, "cgroupsPath", out.cgroups_path);
    read_optional(value, "resources", out.resources);
    read_optional(value, "intelRdt", out.intel_rdt);
    if (const auto sysctl = value.find("sysctl")) {
        read_sysctl(*sysctl, out.sysctl);
    }
    read_optional(value, "seccomp", out.seccomp);
    if (const auto propagation = value.find("rootfsPropagation")) {
        read_propagation(*propagation, out.rootfs_propagation);
    }
    read_absolute_paths(value, "maskedPaths", out.masked_paths);
    read_absolute_paths(value, "readonlyPaths", out.readonly_paths);
    read_optional(value, "mountLabel", out.mount_label);
    read_optional(value, "personality", out.personality);
    read_optional(value, "memoryPolicy", out.memory_policy);
}

}  // namespace corun::oci
