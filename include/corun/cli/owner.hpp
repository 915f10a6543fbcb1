// Names of those who made containers.
#pragma once

#include "corun/container/summary.hpp"

#include <optional>
#include <string>

namespace corun::cli {

/// Looks users up in the host's /etc/passwd, which it reads once, when it has to. Not getpwuid(3):
/// it would load name-service modules into a static program.
class Owners {
public:
    /// The name; `#uid` for who has none; empty for a container without a record.
    [[nodiscard]] std::string name_of(const container::Summary& summary);

private:
    std::optional<std::string> passwd_;
};

}  // namespace corun::cli
