// sd_notify(3) from inside a container: a socket of our own is shown to it, and what says READY=1
// is passed on to the socket we were started with ($NOTIFY_SOCKET). Parent side.
#pragma once

#include "corun/async/task.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/pidfd.hpp"

#include <chrono>
#include <string>

namespace corun::container {

/// Name in the container's state directory of the directory to bind to kNotifyDestination,
/// read-only, nosuid, nodev, noexec.
inline constexpr const char* kNotifyDirectory = "notify";
inline constexpr const char* kNotifyDestination = "/run/notify";

/// What the container's environment gets.
inline constexpr const char* kNotifyVariable = "NOTIFY_SOCKET=/run/notify/notify.sock";

/// For `create`: makes the directory (0755) in the container's state directory.
void make_notify_directory(sys::FdRef state_directory);

/// For `start`, before the payload runs: binds the datagram socket (0777) in that directory.
[[nodiscard]] sys::UniqueFd bind_notify_socket(sys::FdRef state_directory);

/// Waits until the container says READY=1, or has ended, and passes it on to the socket at
/// `host_address` (a path, or `@name` of an abstract one) with MAINPID= of `process`; then waits
/// for the host to have taken that (BARRIER=1), at most `patience`. `process` is only watched, not
/// reaped.
async::Task<> forward_notify(
    sys::UniqueFd socket,
    std::string host_address,
    sys::Pidfd process,
    std::chrono::seconds patience = std::chrono::seconds(30)
);

}  // namespace corun::container
