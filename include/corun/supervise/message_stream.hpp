// Messages that end with a NUL over a Unix stream socket that does not block; both sides.
// Coroutines on the loop. One task reads and one writes at a time.
#pragma once

#include "corun/async/task.hpp"
#include "corun/async/timer.hpp"
#include "corun/sys/fd.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace corun::supervise {

/// One connection. Bytes that came and were not asked for yet are kept here.
class MessageStream {
public:
    /// `socket` is made non-blocking. `unread` was read from it before.
    MessageStream(sys::UniqueFd socket, std::size_t most_bytes, std::string unread = {});

    /// The next message without its NUL; nothing if the peer has ended. Throws Error (EMSGSIZE) for
    /// a longer one, and ECONNRESET if the peer ended in the middle of one.
    [[nodiscard]] async::Task<std::optional<std::string>> next();

    /// Writes `message` and a NUL. Throws Error: EPIPE, or ETIMEDOUT if the peer does not read for
    /// `limit`. What was cancelled or failed half way leaves the rest in pending().
    [[nodiscard]] async::Task<> send(std::string message, async::Clock::duration limit);

    /// As send(), but waits for the peer without end.
    [[nodiscard]] async::Task<> send_patiently(std::string message);

    /// Waits until the peer has gone, keeping what it sends meanwhile for next(): at most one
    /// message's bytes. Never ends for a peer that has only ended its own sending.
    [[nodiscard]] async::Task<> peer_gone();

    /// Of a message that is half written, what is left to write; empty: none.
    [[nodiscard]] const std::string& pending() const { return pending_; }

    /// Writes what is pending(), within `limit`.
    [[nodiscard]] async::Task<> finish(async::Clock::duration limit);

    [[nodiscard]] sys::FdRef socket() const { return socket_; }

    /// Gives the socket away, and what was read of it and not asked for.
    [[nodiscard]] sys::UniqueFd release_socket() { return std::move(socket_); }

    [[nodiscard]] std::string take_unread();

private:
    enum class Fill { data, nothing_yet, end };

    [[nodiscard]] Fill fill();
    [[nodiscard]] std::optional<std::string> take_message();
    [[nodiscard]] async::Task<> write_pending();

    sys::UniqueFd socket_;
    std::size_t most_bytes_;
    std::string unread_;
    std::size_t searched_ = 0;  // bytes of unread_ known to hold no NUL
    std::string pending_;
};

}  // namespace corun::supervise
