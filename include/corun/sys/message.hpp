// Texts with descriptors over a SOCK_SEQPACKET socket: what the supervisor, its keeper and the
// keeper's workers say to each other.
#pragma once

#include "corun/sys/fd.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corun::sys {

inline constexpr std::size_t kMaxMessageBytes = 32768;
inline constexpr std::size_t kMaxMessageFds = 16;

struct FdMessage {
    std::string text;
    std::vector<UniqueFd> fds;
};

/// Blocks if the socket does. Throws EPIPE, never a signal; EMSGSIZE beyond the bounds above.
void send_message(FdRef socket, std::string_view text, std::span<const FdRef> fds = {});

/// As send_message(), without blocking: false if there is no room now (EAGAIN).
[[nodiscard]] bool try_send_message(
    FdRef socket, std::string_view text, std::span<const FdRef> fds = {}
);

/// The next message; nothing at the end of the conversation, also where the peer ended with
/// something of ours unread.
[[nodiscard]] std::optional<FdMessage> receive_message(FdRef socket);

}  // namespace corun::sys
