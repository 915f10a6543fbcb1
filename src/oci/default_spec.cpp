// The default config.json, keys in the order runc writes them. Pure.
#include "corun/oci/default_spec.hpp"

#include "corun/oci/json_writer.hpp"
#include "corun/oci/state.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace corun::oci {
namespace {

struct HostIds {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};

/// Absent: the caller is privileged.
using Rootless = std::optional<HostIds>;

constexpr std::array<std::string_view, 3> kCapabilities{
    "CAP_AUDIT_WRITE",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
};

/// What of /proc and /sys tells of the host or leads to it.
constexpr std::array<std::string_view, 11> kMaskedPaths{
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
};

constexpr std::array<std::string_view, 5> kReadonlyPaths{
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
};

struct DefaultMount {
    std::string_view destination;
    std::string_view type;
    std::string_view source;
    std::vector<std::string_view> options;
};

DefaultMount sys_mount(const Rootless& rootless) {
    if (rootless) {
        // Only the owner of the network namespace may mount a sysfs of its own.
        return {"/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}};
    }
    return {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}};
}

std::vector<DefaultMount> default_mounts(const Rootless& rootless) {
    std::vector<std::string_view> devpts{
        "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"};
    if (!rootless) {
        // Group tty is not mapped where only one id is.
        devpts.emplace_back("gid=5");
    }
    return {
        {"/proc", "proc", "proc", {}},
        {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
        {"/dev/pts", "devpts", "devpts", std::move(devpts)},
        {"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
        {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
        sys_mount(rootless),
        {"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}},
    };
}

template <class Strings>
void write_strings(JsonWriter& json, std::string_view key, const Strings& strings) {
    json.key(key);
    json.begin_array();
    for (const std::string_view text : strings) {
        json.value(text);
    }
    json.end_array();
}

void write_capabilities(JsonWriter& json) {
    json.key("capabilities");
    json.begin_object();
    write_strings(json, "bounding", kCapabilities);
    write_strings(json, "effective", kCapabilities);
    write_strings(json, "permitted", kCapabilities);
    json.end_object();
}

void write_rlimits(JsonWriter& json) {
    constexpr std::uint64_t kOpenFiles = 1024;
    json.key("rlimits");
    json.begin_array();
    json.begin_object();
    json.member("type", "RLIMIT_NOFILE");
    json.member("hard", kOpenFiles);
    json.member("soft", kOpenFiles);
    json.end_object();
    json.end_array();
}

void write_process(JsonWriter& json) {
    constexpr std::array<std::string_view, 1> kArgs{"sh"};
    constexpr std::array<std::string_view, 2> kEnv{
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "TERM=xterm",
    };
    json.key("process");
    json.begin_object();
    json.member("terminal", true);
    json.key("user");
    json.begin_object();
    json.member("uid", 0);
    json.member("gid", 0);
    json.end_object();
    write_strings(json, "args", kArgs);
    write_strings(json, "env", kEnv);
    json.member("cwd", "/");
    write_capabilities(json);
    write_rlimits(json);
    json.member("noNewPrivileges", true);
    json.end_object();
}

void write_root(JsonWriter& json) {
    json.key("root");
    json.begin_object();
    json.member("path", "rootfs");
    json.member("readonly", true);
    json.end_object();
}

void write_mounts(JsonWriter& json, const Rootless& rootless) {
    json.key("mounts");
    json.begin_array();
    for (const DefaultMount& mount : default_mounts(rootless)) {
        json.begin_object();
        json.member("destination", mount.destination);
        json.member("type", mount.type);
        json.member("source", mount.source);
        if (!mount.options.empty()) {
            write_strings(json, "options", mount.options);
        }
        json.end_object();
    }
    json.end_array();
}

void write_mapping(JsonWriter& json, std::string_view key, std::uint32_t host_id) {
    json.key(key);
    json.begin_array();
    json.begin_object();
    json.member("containerID", 0);
    json.member("hostID", host_id);
    json.member("size", 1);
    json.end_object();
    json.end_array();
}

void write_resources(JsonWriter& json) {
    json.key("resources");
    json.begin_object();
    json.key("devices");
    json.begin_array();
    json.begin_object();
    json.member("allow", false);
    json.member("access", "rwm");
    json.end_object();
    json.end_array();
    json.end_object();
}

void write_namespaces(JsonWriter& json, const Rootless& rootless) {
    std::vector<std::string_view> kinds{"pid", "network", "ipc", "uts", "mount", "cgroup"};
    if (rootless) {
        kinds = {"pid", "ipc", "uts", "mount", "cgroup", "user"};
    }
    json.key("namespaces");
    json.begin_array();
    for (const std::string_view kind : kinds) {
        json.begin_object();
        json.member("type", kind);
        json.end_object();
    }
    json.end_array();
}

void write_linux(JsonWriter& json, const Rootless& rootless) {
    json.key("linux");
    json.begin_object();
    if (rootless) {
        write_mapping(json, "uidMappings", rootless->uid);
        write_mapping(json, "gidMappings", rootless->gid);
    } else {
        write_resources(json);
    }
    write_namespaces(json, rootless);
    write_strings(json, "maskedPaths", kMaskedPaths);
    write_strings(json, "readonlyPaths", kReadonlyPaths);
    json.end_object();
}

std::string spec_json(const Rootless& rootless) {
    JsonWriter json("\t");
    json.begin_object();
    json.member("ociVersion", kOciVersion);
    write_process(json);
    write_root(json);
    json.member("hostname", "corun");
    write_mounts(json, rootless);
    write_linux(json, rootless);
    json.end_object();
    return json.take();
}

}  // namespace

std::string default_spec_json() {
    return spec_json(std::nullopt);
}

std::string rootless_spec_json(std::uint32_t uid, std::uint32_t gid) {
    return spec_json(HostIds{.uid = uid, .gid = gid});
}

}  // namespace corun::oci
