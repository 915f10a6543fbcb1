// A command for several containers at once: those whose ids a regular expression matches, as crun's
// --regex.
#pragma once

#include "corun/cli/command.hpp"
#include "corun/container/engine.hpp"

#include <functional>
#include <string>
#include <vector>

namespace corun::cli {

inline constexpr Option kRegexOption{
    .name = "regex",
    .letter = "r",
    .argument = "",
    .help = "ID is an extended regular expression: all containers that it matches",
};

/// Those of `ids` in which the extended regular expression `pattern` matches anywhere. regex(7)
[[nodiscard]] std::vector<container::ContainerId> matching(
    const std::vector<container::ContainerId>& ids, const std::string& pattern
);

/// Does `act` to each container that `pattern` matches. One that fails is warned of and keeps no
/// other from its turn; the exit code is 1 then.
[[nodiscard]] int for_each_match(
    const container::Engine& engine,
    const std::string& pattern,
    const std::function<void(const container::ContainerId&)>& act
);

}  // namespace corun::cli
