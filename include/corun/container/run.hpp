// The verb `run`: create and start in one, in the foreground or not. Parent side.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/create.hpp"
#include "corun/sys/pidfd.hpp"

namespace corun::container {

struct RunRequest {
    CreateRequest create;
    bool detach = false;
    bool keep = false;  // do not delete the container when it has ended
};

/// In the foreground: forwards signals, relays the terminal, and returns how the container ended.
/// Detached: returns success once it runs.
async::Task<sys::ExitStatus> run(Engine& engine, RunRequest request);

}  // namespace corun::container
