// The payload's five capability sets. Child side, after its ids were taken; in two parts because a
// seccomp filter without no_new_privs can be loaded only with CAP_SYS_ADMIN. capabilities(7)
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Narrows all sets to the plan's, but keeps CAP_SYS_ADMIN where load_seccomp() needs it. What this
/// process does not hold cannot be granted: warned of, not an error (runtime-spec
/// config#linux-process).
void drop_capabilities(ChildContext& context);

/// Drops what drop_capabilities() kept for the filter. Runs under the filter: allocates nothing.
void finish_capabilities(ChildContext& context);

}  // namespace corun::setup
