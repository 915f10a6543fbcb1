// no_new_privs and the seccomp filter. Child side, last but exec: from the filter on nothing
// allocates and nothing throws (setup/tail.hpp). seccomp(2)
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

void set_no_new_privileges(ChildContext& context);

/// Loads the filter; its notify descriptor, if any, goes to plan.seccomp.agent with the container's
/// state in one message. runtime-spec config-linux#seccomp
void load_seccomp(ChildContext& context);

}  // namespace corun::setup
