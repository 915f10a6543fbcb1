// The verb `checkpoint`: a running container's processes written to image files, by criu.
// Parent side, root on the host.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/criu_flags.hpp"
#include "corun/container/engine.hpp"

#include <optional>
#include <string>

namespace corun::container {

struct CheckpointRequest {
    ContainerId id;
    CriuFlags flags;
    std::string parent_path;     // of earlier images, relative to image_path; empty: none
    bool leave_running = false;  // else the container is deleted
    bool pre_dump = false;       // memory only; the container goes on
    bool tcp_skip_in_flight = false;
    bool link_remap = false;
    std::optional<CriuPageServer> page_server;
    std::optional<int> status_fd;  // gets a zero byte once lazy pages can be asked for
};

/// Refused for a container that does not run. On failure it goes on as before.
async::Task<> checkpoint(Engine& engine, CheckpointRequest request);

}  // namespace corun::container
