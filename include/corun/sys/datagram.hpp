// Many datagrams in one call. None of these waits or raises SIGPIPE.
#pragma once

#include "corun/sys/fd.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace corun::sys {

/// A datagram's bytes, piece by piece.
using Datagram = std::array<std::string_view, 4>;

inline constexpr std::size_t kMaxDatagrams = 64;

/// How many were sent, the first ones; and the errno of the one behind them, if all were not.
struct DatagramsSent {
    std::size_t count = 0;
    int error_number = 0;
};

/// sendmmsg(2) of at most kMaxDatagrams over a connected socket. EAGAIN: the receiver takes no more
/// for now; EMSGSIZE: too large.
[[nodiscard]] DatagramsSent try_send_datagrams(FdRef socket, std::span<const Datagram> datagrams);

/// The same bytes as a file in memory that nobody can change any more (F_ADD_SEALS), sent as a
/// descriptor in an empty datagram. 0, or an errno.
[[nodiscard]] int send_as_file_errno(FdRef socket, const Datagram& datagram);

}  // namespace corun::sys
