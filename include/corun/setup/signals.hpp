// Signal dispositions and the parent-death signal of the new process.
// Child side, first of all steps, with the caller's privileges.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Every disposition to its default, nothing blocked: what the caller ignores or blocks (SIGPIPE,
/// the runtime's signalfd mask) must not reach the payload through exec. signal(7)
void reset_signals(ChildContext& context);

/// The kernel kills this process when its parent dies, until report_ready().
/// PR_SET_PDEATHSIG(2const)
void die_with_parent(ChildContext& context);

}  // namespace corun::setup
