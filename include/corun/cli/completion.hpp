// Completions for bash, zsh and fish made from the table of commands. Pure; used when corun is
// built, not in corun itself.
//
// What an option's argument is called says how to complete it: `a|b` is one of these words, DIR a
// directory, FILE and PATH a file, CAP_NAME a capability; anything else is not completed. The
// operand ID is an existing container, but for commands that make one.
#pragma once

#include <string>

namespace corun::cli {

/// Each is made of a frame, src/cli/docs/corun.SHELL.in, in which the tables are filled in.
[[nodiscard]] std::string bash_completion(std::string frame);
[[nodiscard]] std::string zsh_completion(std::string frame);
[[nodiscard]] std::string fish_completion(std::string frame);

}  // namespace corun::cli
