// The program as a function: options, log, command, the one error line, the exit status.
#pragma once

namespace corun::cli {

/// Runs the command that main's arguments ask for and returns the exit status. Prints one line for
/// an error, to standard error and to --log. A command that enters a container executes the program
/// anew first, from a copy that the container cannot write.
[[nodiscard]] int run_app(int argc, char* const* argv) noexcept;

}  // namespace corun::cli
