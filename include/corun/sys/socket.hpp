// Records over SOCK_SEQPACKET sockets, with a descriptor where one travels along; Unix socket
// addresses.
#pragma once

#include "corun/sys/fd.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace corun::sys {

/// Sends one record (and a descriptor). EPIPE is thrown, never a signal.
void send_record(
    FdRef socket, std::span<const std::byte> record, std::optional<FdRef> fd = std::nullopt
);

/// A record that was received: its length (0: the peer closed) and the descriptor sent with it.
struct Received {
    std::size_t size = 0;
    UniqueFd fd;
    /// The peer ended with something of ours unread, or before it accepted the connection.
    bool peer_was_deaf = false;

    [[nodiscard]] bool closed() const { return size == 0; }
};

/// Blocks for one record. A record longer than `buffer` is an error (EMSGSIZE). ECONNRESET is no
/// error but told as `peer_was_deaf`, together with what the peer had sent before, or its end.
[[nodiscard]] Received receive_record(FdRef socket, std::span<std::byte> buffer);

/// A SEQPACKET listener at `name` in `directory`, which must be private (0700): that is what guards
/// it. The 108 bytes of sun_path do not limit the directory's path.
[[nodiscard]] UniqueFd listen_seqpacket(FdRef directory, const std::string& name);

/// Connects to such a listener; nothing when absent or nobody listens (ENOENT, ECONNREFUSED).
[[nodiscard]] std::optional<UniqueFd> try_connect_seqpacket(
    FdRef directory, const std::string& name
);

/// As try_connect_seqpacket(), without waiting: nothing if nobody listens, an empty descriptor if
/// somebody does but does not accept at present.
[[nodiscard]] std::optional<UniqueFd> knock_at_seqpacket(FdRef directory, const std::string& name);

/// accept4(2), blocking, CLOEXEC.
[[nodiscard]] UniqueFd accept(FdRef listener);

/// Connects to a Unix stream socket by path, as callers give it (console-socket, listenerPath).
[[nodiscard]] UniqueFd connect_stream(const std::string& path);

/// A datagram socket bound to `name` in `directory`, in place of what may be there.
[[nodiscard]] UniqueFd bind_datagram(FdRef directory, const std::string& name, mode_t mode);

/// A datagram socket connected to a path, or to `@name` in the abstract namespace (sd_notify(3)).
[[nodiscard]] UniqueFd connect_datagram(const std::string& address);

/// Sends `payload` and a descriptor in one sendmsg(2).
void send_with_fd(FdRef socket, std::string_view payload, FdRef fd);

/// As send_with_fd(), but the errno (0: sent) is returned; allocates nothing.
[[nodiscard]] int send_with_fd_errno(FdRef socket, std::string_view payload, FdRef fd) noexcept;

/// SO_PEERCRED: the user who connected, or who made the socketpair, as this user namespace shows
/// it.
[[nodiscard]] uid_t peer_uid(FdRef socket);

}  // namespace corun::sys
