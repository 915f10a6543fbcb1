// The payload's terminal: a pty of the container's own devpts. Child side, inside the container's
// root. runtime-spec config#process
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Opens the pair, sends the master to the parent, and makes the slave /dev/console, stdin, stdout,
/// stderr and the controlling terminal. The slave is never found by path. (CVE-2025-52565)
void open_terminal(ChildContext& context);

}  // namespace corun::setup
