// The PATH lookup for process.args[0], as execvp(3) would do it. Child side, inside the container's
// root and with the payload's ids, so that it sees what the payload would. runtime-spec
// config#process
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Leaves the result in `context.executable`, and in `context.forecast` what execve(2) will say
/// of it as far as that can be seen. Error texts are runc's, which callers match:
/// `exec: "x": executable file not found in $PATH`.
void find_executable(ChildContext& context);

}  // namespace corun::setup
