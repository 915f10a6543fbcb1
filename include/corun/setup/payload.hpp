// The last step: the payload takes this process over. Child side, with the payload's privileges.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Builds argv and envp while memory may still be allocated: before the filter.
void prepare_exec(ChildContext& context);

/// execve(2). Allocates nothing; a failure is reported by fail_in_tail().
void exec_payload(ChildContext& context);

}  // namespace corun::setup
