// Common ground of `checkpoint` and `restore`. Parent side.
#include "corun/container/criu_flags.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>

#include <array>

namespace corun::container {

namespace {

constexpr const char* kConfigAnnotation = "org.criu.config";
/// runc's serves where there is none of ours: engines write it.
constexpr std::array<const char*, 2> kConfigFiles = {"/etc/criu/corun.conf", "/etc/criu/runc.conf"};

std::string config_file(const oci::StringMap& annotations) {
    const auto annotation = annotations.find(kConfigAnnotation);
    if (annotation != annotations.end()) {
        return annotation->second;
    }
    for (const char* path : kConfigFiles) {
        if (sys::try_fstatat(sys::FdRef::cwd(), path)) {
            return path;
        }
    }
    return {};
}

}  // namespace

CriuDirectories open_criu_directories(const CriuFlags& flags) {
    CriuDirectories directories;
    directories.images_path = flags.image_path.empty() ? "checkpoint" : flags.image_path;
    directories.images = in_context(
        [&] { return concat("image path ", quote(directories.images_path)); },
        [&] {
            sys::make_directories(directories.images_path, 0700);
            return sys::open(directories.images_path, O_RDONLY | O_DIRECTORY);
        }
    );
    directories.work_path = flags.work_path.empty() ? directories.images_path : flags.work_path;
    in_context(
        [&] { return concat("work path ", quote(directories.work_path)); },
        [&] { sys::make_directories(directories.work_path, 0700); }
    );
    return directories;
}

CriuOptions common_criu_options(const CriuFlags& flags, const oci::StringMap& annotations) {
    CriuOptions options;
    options.config_file = config_file(annotations);
    options.cgroup_mode = flags.cgroup_mode;
    options.network_lock = flags.network_lock;
    // A network's devices are made by the caller's hooks or plugins, as they made them at first.
    options.empty_namespaces = CLONE_NEWNET;
    options.tcp_established = flags.tcp_established;
    options.external_unix_sockets = flags.ext_unix_sk;
    options.shell_job = flags.shell_job;
    options.file_locks = flags.file_locks;
    options.auto_dedup = flags.auto_dedup;
    options.lazy_pages = flags.lazy_pages;
    return options;
}

std::optional<std::string> external_namespace_key(oci::NamespaceKind kind) {
    // runc's keys, so that images can be exchanged with it.
    if (kind == oci::NamespaceKind::network) {
        return "extRootNetNS";
    }
    if (kind == oci::NamespaceKind::pid) {
        return "extRootPidNS";
    }
    return std::nullopt;
}

std::vector<std::string> descriptors_from_json(std::string_view text) {
    try {
        return nlohmann::json::parse(text).get<std::vector<std::string>>();
    } catch (const nlohmann::json::exception& error) {
        throw Error(concat(kDescriptorsFile, ": ", error.what()));
    }
}

std::vector<std::string> standard_streams(std::string_view pid) {
    std::vector<std::string> streams;
    const sys::UniqueFd directory = sys::open(concat("/proc/", pid, "/fd"), O_RDONLY | O_DIRECTORY);
    for (const char* number : {"0", "1", "2"}) {
        const bool is_open = sys::try_fstatat(directory, number, AT_SYMLINK_NOFOLLOW).has_value();
        streams.push_back(is_open ? sys::readlinkat(directory, number) : std::string());
    }
    return streams;
}

}  // namespace corun::container
