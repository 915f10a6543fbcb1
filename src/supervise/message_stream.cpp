// Messages over a stream socket. In the supervisor and in the commands that call it.
#include "corun/supervise/message_stream.hpp"

#include "corun/async/ready.hpp"
#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/stream_socket.hpp"

#include <array>
#include <cerrno>
#include <utility>

namespace corun::supervise {

namespace {

constexpr std::size_t kReadBytes = std::size_t{16} << 10;
constexpr auto kTimeBetweenLooks = std::chrono::seconds(5);

}  // namespace

MessageStream::MessageStream(sys::UniqueFd socket, std::size_t most_bytes, std::string unread)
    : socket_(std::move(socket)), most_bytes_(most_bytes), unread_(std::move(unread)) {
    sys::set_non_blocking(socket_);
}

MessageStream::Fill MessageStream::fill() {
    std::array<char, kReadBytes> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): out
    const sys::Transferred got = sys::try_read(socket_, buffer.data(), buffer.size());
    if (got.error_number == EAGAIN) {
        return Fill::nothing_yet;
    }
    // ECONNRESET: it ended without reading what it was sent.
    if (got.error_number == ECONNRESET || (got.error_number == 0 && got.size == 0)) {
        return Fill::end;
    }
    if (got.error_number != 0) {
        throw_errno_value(got.error_number, "read", "connection");
    }
    unread_.append(buffer.data(), got.size);
    return Fill::data;
}

std::optional<std::string> MessageStream::take_message() {
    const std::size_t end = unread_.find('\0', searched_);
    if (end == std::string::npos) {
        searched_ = unread_.size();
        if (searched_ > most_bytes_) {
            throw Error("a message is too long", EMSGSIZE);
        }
        return std::nullopt;
    }
    if (end > most_bytes_) {
        throw Error("a message is too long", EMSGSIZE);
    }
    searched_ = 0;
    if (end + 1 == unread_.size()) {
        // The whole buffer is the message: an idle connection keeps no memory.
        unread_.pop_back();
        return std::exchange(unread_, std::string());
    }
    std::string message = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    return message;
}

async::Task<std::optional<std::string>> MessageStream::next() {
    while (true) {
        std::optional<std::string> message = take_message();
        if (message) {
            co_return message;
        }
        const Fill outcome = fill();
        if (outcome == Fill::nothing_yet) {
            co_await async::readable(socket_);
        } else if (outcome == Fill::end) {
            if (!unread_.empty()) {
                throw_errno_value(ECONNRESET, "read", "connection");
            }
            co_return std::nullopt;
        }
    }
}

async::Task<> MessageStream::write_pending() {
    while (has_pending()) {
        const std::string_view rest = std::string_view(pending_).substr(written_);
        const sys::Transferred sent = sys::try_write(socket_, rest);
        if (sent.error_number == EAGAIN) {
            co_await async::writable(socket_);
        } else if (sent.error_number != 0) {
            throw_errno_value(sent.error_number, "write", "connection");
        } else {
            written_ += sent.size;
        }
    }
    pending_ = std::string();  // a large one leaves no memory behind
    written_ = 0;
}

async::Task<> MessageStream::finish(async::Clock::duration limit) {
    return async::with_deadline(limit, write_pending());
}

async::Task<> MessageStream::send(std::string message, async::Clock::duration limit) {
    return async::with_deadline(limit, send_patiently(std::move(message)));
}

async::Task<> MessageStream::send_patiently(std::string message) {
    pending_ = std::move(message);
    pending_ += '\0';
    written_ = 0;
    return write_pending();
}

async::Task<> MessageStream::peer_gone() {
    while (true) {
        co_await async::readable(socket_);
        if (sys::has_hung_up(socket_)) {
            co_return;
        }
        // What it says meanwhile is its next call. Once that is too much, or it has ended its
        // sending, the socket stays readable: then it is only looked at now and then.
        if (unread_.size() > most_bytes_ || fill() == Fill::end) {
            co_await async::sleep_for(kTimeBetweenLooks);
        }
    }
}

std::string MessageStream::take_unread() {
    searched_ = 0;
    return std::exchange(unread_, std::string());
}

}  // namespace corun::supervise
