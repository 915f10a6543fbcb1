// The verb `run`: create and start in one, in the foreground or not. Parent side.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/create.hpp"
#include "corun/container/creation.hpp"
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

/// As run(), with a first process that `launcher` makes and that runs at once; with an empty one,
/// run() itself.
async::Task<sys::ExitStatus> run_with(Engine& engine, RunRequest request, Launcher launcher);

/// A container that runs, in the hands of who looks after it.
struct Running {
    sys::Pidfd process;  // a child of this process
    sys::ProcessIdentity identity;
    sys::UniqueFd console;  // master of the pty; empty without a terminal
    sys::UniqueFd notify;   // bind_notify_socket(), where the request shows one to the container
};

/// As a detached run(), for a caller that keeps the terminal and the notify socket itself.
async::Task<Running> run_and_hand_over(Engine& engine, CreateRequest request);

}  // namespace corun::container
