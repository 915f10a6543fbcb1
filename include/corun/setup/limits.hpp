// Rlimits and oom_score_adj of the payload.
#pragma once

#include "corun/setup/plan.hpp"
#include "corun/setup/step.hpp"

#include <sys/types.h>

#include <vector>

namespace corun::setup {

/// Late, so that a small RLIMIT_NOFILE or RLIMIT_AS meant for the payload does not fail the steps
/// before. The process does it itself if it may; what takes CAP_SYS_RESOURCE over the host, which
/// the root of a user namespace does not hold, the parent does for it.
void take_limits(ChildContext& context);

/// prlimit(2) for each, of process `pid` (0: this one). Allocates only for an error.
void set_limits(const std::vector<ResourceLimit>& limits, pid_t pid);

}  // namespace corun::setup
