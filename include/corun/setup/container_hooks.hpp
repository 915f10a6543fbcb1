// The hooks that run in the container's namespaces, and the request for those that do not.
// Child side. runtime-spec config#posix-platform-hooks
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// The parent runs prestart and createRuntime hooks now.
void ask_for_runtime_hooks(ChildContext& context);

/// In the container's namespaces, before the root is switched: paths are the runtime's.
void run_create_container_hooks(ChildContext& context);

/// In the container, after `start` and before the payload.
void run_start_container_hooks(ChildContext& context);

}  // namespace corun::setup
