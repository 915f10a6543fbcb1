// The verb `state`: what is known of one container. Parent side.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/summary.hpp"

namespace corun::container {

struct StateRequest {
    ContainerId id;
};

/// runtime-spec runtime#query-state. Throws `container does not exist`.
async::Task<Summary> state(Engine& engine, StateRequest request);

}  // namespace corun::container
