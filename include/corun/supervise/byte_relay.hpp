// Plain bytes between a connection and a container that is attached to it, without framing.
// Coroutines; in the supervisor, and the copying in the command at the other end.
#pragma once

#include "corun/async/task.hpp"
#include "corun/supervise/control.hpp"
#include "corun/sys/fd.hpp"

#include <string>

namespace corun::supervise {

/// Copies until `from` ends, or nobody reads `to` any more. Neither may block; SIGPIPE must be
/// ignored.
[[nodiscard]] async::Task<> copy_bytes(sys::FdRef from, sys::FdRef to);

/// Writes all of `data`; false if nobody reads `to` any more.
[[nodiscard]] async::Task<bool> write_bytes(sys::FdRef to, std::string data);

/// The supervisor's side of an attachment: until the container's output ends or the client has
/// gone. `first_input` came with the call. A client that ends its sending ends the container's
/// input, if that is no terminal. Backpressure of a slow client ends at the attachment's pipe.
[[nodiscard]] async::Task<> relay_attachment(
    Attachment attachment, sys::FdRef socket, std::string first_input
);

}  // namespace corun::supervise
