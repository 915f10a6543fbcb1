// Ownership of the payload's standard streams. Child side, as root of the container's user
// namespace.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// fchown(2) of stdin, stdout and stderr to the payload's user, so that it can open /dev/stdout:
/// only pipes, sockets and character devices other than /dev/null, never re-opened by path.
/// (CVE-2026-88265) Where it is forbidden they stay as they are.
void own_stdio(ChildContext& context);

}  // namespace corun::setup
