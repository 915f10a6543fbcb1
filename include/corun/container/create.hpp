// The verb `create`: a container that is set up and waits for `start`.
// Parent side. On failure nothing of it is left.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/engine.hpp"

#include <string>

namespace corun::container {

/// Paths are relative to the caller's working directory, which no verb changes.
struct CreateRequest {
    ContainerId id;
    std::string bundle = ".";
    std::string config_file;     // crun's --config; empty: config.json in the bundle
    std::string console_socket;  // Unix socket that is sent the terminal; empty: none
    std::string pidfd_socket;    // Unix socket that is sent a pidfd; empty: none
    std::string pid_file;        // empty: none
    bool no_pivot = false;
    bool no_new_keyring = false;
    unsigned preserve_fds = 0;         // after stdio and the listen_fds
    unsigned listen_fds = 0;           // from $LISTEN_FDS, if $LISTEN_PID is this process
    std::string notify_socket;         // $NOTIFY_SOCKET; empty: none
    bool shows_notify_socket = false;  // to the container, though there is no such variable here

    [[nodiscard]] bool has_notify_socket() const {
        return shows_notify_socket || !notify_socket.empty();
    }
};

/// runtime-spec runtime#create. Standard input, output and error become the container's.
async::Task<> create(Engine& engine, CreateRequest request);

}  // namespace corun::container
