// What `checkpoint` and `restore` have in common: options, directories, and the ways of the
// document's namespaces through the images. Parent side.
#pragma once

#include "corun/container/criu_messages.hpp"
#include "corun/oci/spec.hpp"
#include "corun/sys/fd.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

/// Options as given; paths relative to the caller's working directory.
struct CriuFlags {
    std::string image_path;  // empty: `checkpoint` in the working directory
    std::string work_path;   // of logs; empty: the images'
    bool tcp_established = false;
    bool ext_unix_sk = false;
    bool shell_job = false;
    bool file_locks = false;
    bool auto_dedup = false;
    bool lazy_pages = false;
    CriuCgroupMode cgroup_mode = CriuCgroupMode::automatic;
    CriuNetworkLock network_lock = CriuNetworkLock::automatic;
};

struct CriuDirectories {
    std::string images_path;
    std::string work_path;
    sys::UniqueFd images;
};

/// Makes what is missing, 0700.
[[nodiscard]] CriuDirectories open_criu_directories(const CriuFlags& flags);

/// The options that both need, from flags and the annotation org.criu.config.
[[nodiscard]] CriuOptions common_criu_options(
    const CriuFlags& flags, const oci::StringMap& annotations
);

/// The key of a network or pid namespace that is not the container's own; nothing for the other
/// kinds, which criu joins by their path.
[[nodiscard]] std::optional<std::string> external_namespace_key(oci::NamespaceKind kind);

/// The file with the first process' standard streams, in runc's form: `["pipe:[5]","/dev/null",…]`.
inline constexpr const char* kDescriptorsFile = "descriptors.json";

/// Throws Error for what is no list of texts.
[[nodiscard]] std::vector<std::string> descriptors_from_json(std::string_view text);

/// What /proc/PID/fd says of descriptors 0 to 2 of a process: `pipe:[5]`, `/dev/null`; empty for
/// one that is closed.
[[nodiscard]] std::vector<std::string> standard_streams(std::string_view pid);

}  // namespace corun::container
