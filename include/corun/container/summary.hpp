// What `state` and `list` tell of a container. Parent side.
#pragma once

#include "corun/container/status.hpp"
#include "corun/oci/state.hpp"

#include <sys/types.h>

#include <optional>
#include <string>

namespace corun::container {

struct Summary {
    ContainerId id;
    Status status = Status::stopped;
    pid_t pid = 0;  // 0 when stopped
    /// Nothing if `create` was killed before it wrote one, or has just begun.
    std::optional<Record> record;
};

[[nodiscard]] Summary summarize(Engine& engine, const ContainerDirectory& directory);

/// For printing. `owner` is a name.
[[nodiscard]] oci::StateReport report_of(const Summary& summary, std::string owner);

/// The name of `uid` in a text of passwd(5)'s form; `#uid` if it is not there.
[[nodiscard]] std::string user_name(uid_t uid, const std::string& passwd);

}  // namespace corun::container
