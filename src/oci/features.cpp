// features.json; features.md and features-linux.md. Pure.
#include "corun/oci/features.hpp"

#include "corun/oci/json_writer.hpp"
#include "corun/oci/mount_options.hpp"
#include "corun/oci/names.hpp"
#include "corun/oci/state.hpp"

namespace corun::oci {
namespace {

template <class Table>
void write_names(JsonWriter& json, std::string_view key, const Table& table) {
    json.key(key);
    json.begin_array();
    for (const auto& row : table) {
        json.value(row.name);
    }
    json.end_array();
}

template <class Names>
void write_list(JsonWriter& json, std::string_view key, const Names& names) {
    json.key(key);
    json.begin_array();
    for (const auto& name : names) {
        json.value(name);
    }
    json.end_array();
}

/// `"apparmor": {"enabled": true}` and its kind.
void write_enabled(JsonWriter& json, std::string_view key, bool enabled) {
    json.key(key);
    json.begin_object();
    json.member("enabled", enabled);
    json.end_object();
}

void write_cgroup(JsonWriter& json, const FeatureFacts& facts) {
    json.key("cgroup");
    json.begin_object();
    json.member("v1", false);
    json.member("v2", true);
    json.member("systemd", facts.systemd_cgroup);
    json.member("systemdUser", facts.systemd_user_cgroup);
    json.member("rdma", facts.rdma);
    json.end_object();
}

void write_seccomp(JsonWriter& json, const FeatureFacts& facts) {
    if (!facts.seccomp) {
        write_enabled(json, "seccomp", false);
        return;
    }
    json.key("seccomp");
    json.begin_object();
    json.member("enabled", true);
    write_names(json, "actions", kSeccompActionNames);
    write_names(json, "operators", kSeccompOperatorNames);
    json.member("archs", facts.seccomp_architectures);
    write_names(json, "knownFlags", kSeccompFlagNames);
    json.key("supportedFlags");
    json.begin_array();
    for (const Named<std::uint32_t>& flag : kSeccompFlagNames) {
        if ((facts.seccomp_supported_flags & flag.value) != 0) {
            json.value(flag.name);
        }
    }
    json.end_array();
    json.end_object();
}

void write_intel_rdt(JsonWriter& json, bool enabled) {
    json.key("intelRdt");
    json.begin_object();
    json.member("enabled", enabled);
    json.member("schemata", enabled);
    json.member("monitoring", enabled);
    json.end_object();
}

void write_memory_policy(JsonWriter& json) {
    json.key("memoryPolicy");
    json.begin_object();
    write_names(json, "modes", kMemoryPolicyModeNames);
    write_names(json, "flags", kMemoryPolicyFlagNames);
    json.end_object();
}

void write_linux(JsonWriter& json, const FeatureFacts& facts) {
    json.key("linux");
    json.begin_object();
    write_names(json, "namespaces", kNamespaceNames);
    write_list(json, "capabilities", kCapabilityNames);
    write_cgroup(json, facts);
    write_seccomp(json, facts);
    write_enabled(json, "apparmor", facts.apparmor);
    write_enabled(json, "selinux", facts.selinux);
    write_intel_rdt(json, facts.intel_rdt);
    if (facts.memory_policy) {
        write_memory_policy(json);
    }
    json.key("mountExtensions");
    json.begin_object();
    write_enabled(json, "idmap", facts.idmapped_mounts);
    json.end_object();
    write_enabled(json, "netDevices", facts.net_devices);
    json.end_object();
}

}  // namespace

std::string features_json(const FeatureFacts& facts) {
    JsonWriter json("    ");
    json.begin_object();
    json.member("ociVersionMin", kOciVersionMin);
    json.member("ociVersionMax", kOciVersion);
    write_names(json, "hooks", kHookNames);
    write_list(json, "mountOptions", known_mount_options());
    write_linux(json, facts);
    if (!facts.annotations.empty()) {
        json.member("annotations", facts.annotations);
    }
    if (!facts.unsafe_annotations.empty()) {
        json.member("potentiallyUnsafeConfigAnnotations", facts.unsafe_annotations);
    }
    json.end_object();
    return json.take();
}

}  // namespace corun::oci
