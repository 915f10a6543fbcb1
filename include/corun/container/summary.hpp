// What `state` and `list` tell of a container, and its JSON form (runc's, which callers parse).
// Parent side.
#pragma once

#include "corun/container/status.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace corun::container {

struct Summary {
    ContainerId id;
    Status status = Status::stopped;
    pid_t pid = 0;  // 0 when stopped
    /// Nothing if `create` was killed before it wrote one, or has just begun.
    std::optional<Record> record;
};

[[nodiscard]] Summary summarize(Engine& engine, const ContainerDirectory& directory);

/// An object with two blanks of indentation per level, no newline at its end. `owner` is a name.
[[nodiscard]] std::string indented_json(const Summary& summary, const std::string& owner);

/// The same in one line.
[[nodiscard]] std::string compact_json(const Summary& summary, const std::string& owner);

/// The name of `uid` in a text of passwd(5)'s form; `#uid` if it is not there.
[[nodiscard]] std::string user_name(uid_t uid, const std::string& passwd);

}  // namespace corun::container
