// The far ends of a container's terminal: --console-socket, --pidfd-socket, and in the foreground
// the relay between the pty and the caller's own terminal. Parent side.
#pragma once

#include "corun/async/task.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/pidfd.hpp"

#include <string>

namespace corun::container {

/// Sends the master of a pty to the Unix stream socket at `socket_path`, in one message whose text
/// is `name` (`/dev/pts/0`).
void send_console(const std::string& socket_path, sys::FdRef master, const std::string& name);

/// Sends a pidfd of the container's process likewise; the text is `pidfd`.
void send_pidfd(const std::string& socket_path, const sys::Pidfd& process);

/// The caller's side of the relay.
struct RelayEnds {
    sys::FdRef input = sys::FdRef(0);
    sys::FdRef output = sys::FdRef(1);
};

/// Copies between the caller's terminal and the container's, whose `master` this takes, until the
/// container has closed it or `process` has ended and what was written is copied. `input` is in raw
/// mode meanwhile and its size (SIGWINCH) is passed on. A caller that hangs up its input (end of
/// file) is no end. `process` is only watched, not reaped: nobody else may wait for this very
/// descriptor meanwhile.
async::Task<> relay_terminal(sys::UniqueFd master, sys::Pidfd process, RelayEnds ends = {});

}  // namespace corun::container
