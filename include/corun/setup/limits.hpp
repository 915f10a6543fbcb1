// Rlimits and oom_score_adj, set by the parent on the waiting child.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Late, so that a small RLIMIT_NOFILE or RLIMIT_AS meant for the payload does not fail the steps
/// before.
void ask_for_limits(ChildContext& context);

}  // namespace corun::setup
