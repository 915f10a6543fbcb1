// Kernel settings of the container's namespaces. Child side.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Step: writes Plan::sysctls through a procfs of its own. Before the root switch: in a user
/// namespace a procfs can be made only while an unmasked one is in sight.
void write_sysctls(ChildContext& ctx);

}  // namespace corun::setup
