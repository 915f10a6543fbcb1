// crun's extensions by annotation that engines and their users rely on. Parent side.
#pragma once

#include "corun/oci/spec.hpp"
#include "corun/sys/fd.hpp"

#include <optional>
#include <string>

namespace corun::container {

/// Present: the process keeps the supplementary groups of the caller.
inline constexpr const char* kKeepOriginalGroups = "run.oci.keep_original_groups";
/// A Unix stream socket that is sent a pidfd of the container's first process, as --pidfd-socket.
inline constexpr const char* kPidfdReceiver = "run.oci.pidfd_receiver";
/// The seccomp agent's socket, in place of /linux/seccomp/listenerPath.
inline constexpr const char* kSeccompReceiver = "run.oci.seccomp.receiver";
/// A cgroup below the container's own that its first process is moved to once it has a cgroup
/// namespace, to manage as it likes: limits are set on the container's own.
inline constexpr const char* kDelegateCgroup = "run.oci.delegate-cgroup";
/// With systemd: the container's cgroup is this one below the unit's. Unlike crun, none is made
/// unless it is asked for.
inline constexpr const char* kSystemdSubgroup = "run.oci.systemd.subgroup";
/// Files that hooks write to.
inline constexpr const char* kHooksStdout = "run.oci.hooks.stdout";
inline constexpr const char* kHooksStderr = "run.oci.hooks.stderr";

/// The value, if the annotation is there and not empty.
[[nodiscard]] std::optional<std::string> find_annotation(
    const oci::StringMap& annotations, const char* key
);

/// As find_annotation(); throws if it is not an absolute path.
[[nodiscard]] std::optional<std::string> find_path_annotation(
    const oci::StringMap& annotations, const char* key
);

/// Where the hooks' output goes, opened to append and made where absent; empty: nowhere special.
struct HookFiles {
    sys::UniqueFd output;
    sys::UniqueFd error_output;
};

/// A relative path is one in the bundle.
[[nodiscard]] HookFiles open_hook_files(
    const oci::StringMap& annotations, const std::string& bundle
);

}  // namespace corun::container
