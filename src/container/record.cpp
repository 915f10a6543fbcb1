// The JSON form of a Record. Pure. The file is corun's own and in a private directory, but may be
// of another version or damaged: everything is checked when it is read.
#include "corun/container/record.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <nlohmann/json.hpp>

namespace corun::container {

namespace {

/// Raised when a reader of the old format would misread the new one.
constexpr int kFormatVersion = 1;

std::string_view name_of(Phase phase) {
    return phase == Phase::creating ? "creating" : "created";
}

Phase parse_phase(const std::string& name) {
    if (name == name_of(Phase::creating)) {
        return Phase::creating;
    }
    if (name == name_of(Phase::created)) {
        return Phase::created;
    }
    throw Error(concat("unknown phase ", quote(name)));
}

std::string_view json_bool(bool value) {
    return value ? "true" : "false";
}

std::string annotations_json(const Record& record) {
    std::string out = "{";
    for (const auto& [key, value] : record.annotations) {
        out += concat(out.size() > 1 ? "," : "", json_string(key), ":", json_string(value));
    }
    return out + "}";
}

Record read_members(const nlohmann::json& object) {
    const int version = object.at("format").get<int>();
    if (version != kFormatVersion) {
        throw Error(concat("format ", version, ", this corun knows only ", kFormatVersion));
    }
    Record record;
    object.at("ociVersion").get_to(record.oci_version);
    object.at("bundle").get_to(record.bundle);
    object.at("rootfs").get_to(record.rootfs);
    for (const auto& [key, value] : object.at("annotations").items()) {
        record.annotations.emplace(key, value.get<std::string>());
    }
    object.at("created").get_to(record.created);
    object.at("owner").get_to(record.owner);
    object.at("pid").get_to(record.init.pid);
    object.at("startTime").get_to(record.init.start_time);
    object.at("cgroupPath").get_to(record.cgroup_path);
    object.at("cgroupCreated").get_to(record.cgroup_created);
    object.at("systemdUnit").get_to(record.systemd_unit);
    object.at("systemdUser").get_to(record.systemd_user);
    // Later additions; a container of an older corun has none of them.
    record.rdt.path = object.value("rdtPath", std::string());
    record.rdt.created = object.value("rdtCreated", false);
    record.rdt.monitoring = object.value("rdtMonitoring", std::string());
    record.memory_and_swap = object.value("memoryAndSwap", std::int64_t{0});
    record.checks_memory_usage = object.value("checksMemoryUsage", false);
    object.at("privatePidNamespace").get_to(record.private_pid_namespace);
    object.at("hasPoststopHooks").get_to(record.has_poststop_hooks);
    // A record of an earlier version does not say.
    record.has_poststart_hooks = object.value("hasPoststartHooks", true);
    record.streams = object.value("streams", std::vector<std::string>());
    record.phase = parse_phase(object.at("phase").get<std::string>());
    return record;
}

}  // namespace

std::string to_json(const Record& record, std::string_view id) {
    return concat(
        R"({"format":)",
        kFormatVersion,
        R"(,"id":)",
        json_string(id),
        R"(,"phase":)",
        json_string(name_of(record.phase)),
        R"(,"pid":)",
        record.init.pid,
        R"(,"startTime":)",
        record.init.start_time,
        R"(,"ociVersion":)",
        json_string(record.oci_version),
        R"(,"bundle":)",
        json_string(record.bundle),
        R"(,"rootfs":)",
        json_string(record.rootfs),
        R"(,"created":)",
        json_string(record.created),
        R"(,"owner":)",
        record.owner,
        R"(,"cgroupPath":)",
        json_string(record.cgroup_path),
        R"(,"cgroupCreated":)",
        json_bool(record.cgroup_created),
        R"(,"systemdUnit":)",
        json_string(record.systemd_unit),
        R"(,"systemdUser":)",
        json_bool(record.systemd_user),
        R"(,"rdtPath":)",
        json_string(record.rdt.path),
        R"(,"rdtCreated":)",
        json_bool(record.rdt.created),
        R"(,"rdtMonitoring":)",
        json_string(record.rdt.monitoring),
        R"(,"memoryAndSwap":)",
        record.memory_and_swap,
        R"(,"checksMemoryUsage":)",
        json_bool(record.checks_memory_usage),
        R"(,"privatePidNamespace":)",
        json_bool(record.private_pid_namespace),
        R"(,"hasPoststartHooks":)",
        json_bool(record.has_poststart_hooks),
        R"(,"hasPoststopHooks":)",
        json_bool(record.has_poststop_hooks),
        R"(,"annotations":)",
        annotations_json(record),
        R"(,"streams":)",
        json_strings(record.streams),
        "}\n"
    );
}

Record record_from_json(std::string_view text) {
    try {
        return read_members(nlohmann::json::parse(text));
    } catch (const nlohmann::json::exception& error) {
        throw Error(error.what());
    }
}

}  // namespace corun::container
