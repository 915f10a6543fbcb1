// The verbs `pause` and `resume`: all processes of a container stopped and let go again.
// Parent side.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/engine.hpp"

namespace corun::container {

struct PauseRequest {
    ContainerId id;
};

/// Throws `container not running` for one that has ended or is paused already, ETIMEDOUT for one
/// that does not stop within seconds, which then goes on.
async::Task<> pause(Engine& engine, PauseRequest request);

struct ResumeRequest {
    ContainerId id;
};

/// Throws `container not paused`.
async::Task<> resume(Engine& engine, ResumeRequest request);

}  // namespace corun::container
