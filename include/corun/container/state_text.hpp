// The container's state as hooks and seccomp agents read it (runtime-spec runtime#state), written
// so that the pid, which only launch learns, comes last. Pure.
#pragma once

#include "corun/oci/spec.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

/// What a state says besides status and pid. The annotations are borrowed.
struct StateSource {
    std::string oci_version;
    std::string id;
    std::string bundle;
    const oci::StringMap* annotations = nullptr;
};

/// Compact JSON. A container that has stopped has no `pid`.
[[nodiscard]] std::string state_text(
    const StateSource& source, std::string_view status, std::optional<pid_t> pid = std::nullopt
);

/// The same up to and without the status' value, from there to the pid's, and the rest: for a child
/// that is told its pid late.
struct SplitState {
    std::string before_status;
    std::string before_pid;
    std::string after_pid;
};

[[nodiscard]] SplitState split_state(const StateSource& source);

/// ContainerProcessState for a seccomp agent; the pid of the process that is filtered belongs
/// between each two parts. `container_pid` is of the container's first process where that is
/// another. (config-linux#the-container-process-state)
[[nodiscard]] std::vector<std::string> process_state_parts(
    const StateSource& source,
    std::string_view metadata,
    std::string_view status,
    std::optional<pid_t> container_pid = std::nullopt
);

}  // namespace corun::container
