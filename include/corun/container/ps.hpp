// The verb `ps`: the processes of a container. Parent side.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/engine.hpp"

#include <sys/types.h>

#include <vector>

namespace corun::container {

struct PsRequest {
    ContainerId id;
};

/// Pids as the caller's pid namespace has them, sorted; none if the container has ended. Throws if
/// the container has no cgroup, by which they are known.
async::Task<std::vector<pid_t>> ps(Engine& engine, PsRequest request);

}  // namespace corun::container
