// The verb `delete`: undoes what `create` made. Parent side. (`delete` is no name in C++.)
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/engine.hpp"

namespace corun::container {

struct RemoveRequest {
    ContainerId id;
    bool force = false;  // kill it if it lives; no error if there is no such container
};

/// runtime-spec runtime#delete. A container that is created but not started is killed; one that
/// runs only by force. What a killed `create` has left is reclaimed.
async::Task<> remove(Engine& engine, RemoveRequest request);

/// Kills what is left of a container, removes its cgroup and its directory, and runs the poststop
/// hooks, whose failures are only warned of. `directory` must be locked, and outlives the task; it
/// is gone from disk afterwards. Also the way back of a `create` that failed.
async::Task<> destroy(Engine& engine, ContainerDirectory& directory, Record record);

}  // namespace corun::container
