// The verb `start`: lets a created container run its program. Parent side.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/engine.hpp"

#include <string>

namespace corun::container {

struct StartRequest {
    ContainerId id;
    std::string notify_socket;  // $NOTIFY_SOCKET: wait for the container's READY; empty: do not
};

/// runtime-spec runtime#start. An error of the container's last steps, up to its exec, is thrown
/// here.
async::Task<> start(Engine& engine, StartRequest request);

}  // namespace corun::container
