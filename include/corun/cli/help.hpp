// Help texts and the version, made from the tables. Pure.
#pragma once

#include "corun/cli/command.hpp"

#include <string>

namespace corun::cli {

[[nodiscard]] std::string program_help();
[[nodiscard]] std::string command_help(const Command& command);

/// `corun version X`, then `commit:`, `spec:`, `libseccomp:`; callers parse these lines.
[[nodiscard]] std::string version_text();

}  // namespace corun::cli
