// Stream sockets for servers of many clients and for those who call them: none of these blocks.
// Unix sockets and TCP on the loopback addresses.
#pragma once

#include "corun/sys/fd.hpp"

#include <cstdint>
#include <string>

namespace corun::sys {

/// A listener at `name` in `directory`, 0600, in place of a socket that may be there. Non-blocking;
/// the 108 bytes of sun_path do not limit the directory's path.
[[nodiscard]] UniqueFd listen_stream(FdRef directory, const std::string& name);

enum class Loopback { ipv4, ipv6 };

/// A TCP listener at 127.0.0.1 or ::1; port 0: any that is free.
[[nodiscard]] UniqueFd listen_loopback(Loopback address, std::uint16_t port);

/// The port that a TCP socket is bound to.
[[nodiscard]] std::uint16_t port_of(FdRef socket);

/// What accept4(2) said: a connection, non-blocking, or an errno. EAGAIN: nobody is there.
struct Accepted {
    UniqueFd socket;
    int error_number = 0;
};

[[nodiscard]] Accepted try_accept(FdRef listener);

/// A non-blocking socket connected to `name` in `directory`, or an errno. EAGAIN: its queue is
/// full.
[[nodiscard]] Accepted try_connect_stream(FdRef directory, const std::string& name);

/// Both ends of a connection, non-blocking.
struct StreamPair {
    UniqueFd first;
    UniqueFd second;
};

[[nodiscard]] StreamPair make_stream_pair();

/// shutdown(2) of the sending side; the errno (0: done).
int shutdown_sending(FdRef socket) noexcept;

/// The peer has closed the connection, both directions. (POLLHUP)
[[nodiscard]] bool has_hung_up(FdRef socket);

}  // namespace corun::sys
