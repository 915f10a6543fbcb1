// Scheduling, I/O priority, personality, NUMA policy and CPU affinity, which a process sets on
// itself. Child side, before it gives up its privileges. runtime-spec config#linux-process
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

void set_attributes(ChildContext& context);

/// The CPUs for the steps of an exec themselves; inherited by the payload unless it has its own.
void set_initial_affinity(ChildContext& context);

}  // namespace corun::setup
