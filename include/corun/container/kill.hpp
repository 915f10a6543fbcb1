// The verb `kill`: a signal to a container. Parent side.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/engine.hpp"

#include <csignal>

namespace corun::container {

struct KillRequest {
    ContainerId id;
    int signal = SIGTERM;
    bool all = false;  // to every process of the container, and no error if there is none
};

/// runtime-spec runtime#kill. Throws `container not running` for one that has ended. SIGKILL also
/// ends a paused container, and all processes of one without a pid namespace of its own.
async::Task<> kill(Engine& engine, KillRequest request);

}  // namespace corun::container
