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

    /// Writes `message` and a NUL. Throws Error: EPIPE, or ETIMEDOUT if the peer does not take it
    /// within `limit`. If this is cancelled, has_pending() tells whether a part is to be finished.
    /// SIGPIPE must be ignored.
    [[nodiscard]] async::Task<> send(std::string message, async::Clock::duration limit);

    /// As send(), but waits for the peer without end.
    [[nodiscard]] async::Task<> send_patiently(std::string message);

    /// Waits until the peer has closed the connection, keeping what it sends meanwhile for next():
    /// about one message's bytes. To end only its own sending is no end. (shutdown(2))
    [[nodiscard]] async::Task<> peer_gone();

    /// A message is only partly written.
    [[nodiscard]] bool has_pending() const { return written_ != pending_.size(); }

    /// Writes the rest of it, within `limit`.
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
    std::size_t written_ = 0;  // bytes of pending_
};

}  // namespace corun::supervise
