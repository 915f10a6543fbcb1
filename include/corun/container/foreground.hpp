// Staying with a process until it ends: signals forwarded, terminal relayed. For `run` and `exec`.
// Parent side; the process is a child of this one.
#pragma once

#include "corun/async/signals.hpp"
#include "corun/async/task.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/pidfd.hpp"

#include <string>

namespace corun::container {

/// Every signal that a caller may send and that makes sense for the container: not SIGCHLD, SIGURG
/// and SIGWINCH (the relay's), nor those that tell of a fault in this process.
[[nodiscard]] sigset_t forwarded_signals();

/// What there is to do meanwhile; empty parts are left out. References outlive the stay.
struct Stay {
    const sys::Pidfd* process = nullptr;
    async::SignalStream* signals = nullptr;  // made from forwarded_signals() before the launch
    sys::UniqueFd console;                   // master of the pty
    sys::UniqueFd notify;                    // bind_notify_socket()
    std::string notify_address;
};

/// Returns how the process ended, once it is reaped and what it wrote to its terminal is copied.
[[nodiscard]] async::Task<sys::ExitStatus> stay_in_foreground(Stay stay);

}  // namespace corun::container
