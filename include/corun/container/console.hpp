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

/// Which of a container's processes a pidfd is of.
enum class PidfdOf { first_process, exec };

/// Sends a pidfd of the container's process likewise. The text is runc's: `standard` for a first
/// process, `setns` for one of exec.
void send_pidfd(
    const std::string& socket_path, const sys::Pidfd& process, PidfdOf kind = PidfdOf::first_process
);

/// The caller's side of the relay.
struct RelayEnds {
    sys::FdRef input = sys::FdRef(0);
    sys::FdRef output = sys::FdRef(1);
};

/// Before the payload runs, for a terminal that relay_terminal() will be given: it gets the size of
/// the caller's, and writes plain newlines, which the caller's terminal completes.
void prepare_relay(sys::FdRef master, RelayEnds ends = {});

/// Copies between the caller's terminal and the container's, whose `master` this takes, until
/// `process` has ended and what it wrote is copied. The caller's terminal has its input in raw mode
/// meanwhile, and its size is passed on (SIGWINCH). End of file on `input` is no end, nor is an
/// `output` whose reader is gone: then output is read and let go. SIGPIPE must be ignored or
/// blocked. `process` is watched, not reaped.
async::Task<> relay_terminal(sys::UniqueFd master, sys::Pidfd process, RelayEnds ends = {});

}  // namespace corun::container
