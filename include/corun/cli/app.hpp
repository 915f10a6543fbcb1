// The program as a function: options, log, command, the one error line, the exit status.
#pragma once

#include <string>
#include <vector>

namespace corun::cli {

/// Runs the command that `words` (argv without the program's name) ask for and returns the exit
/// status. Prints one line for an error, to standard error and to --log.
[[nodiscard]] int run_app(const std::vector<std::string>& words) noexcept;

}  // namespace corun::cli
