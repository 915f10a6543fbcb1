// Bytes between a connection and a container. In the supervisor.
#include "corun/supervise/byte_relay.hpp"

#include "corun/async/group.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/stream_socket.hpp"

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

namespace corun::supervise {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{16} << 10;
constexpr auto kTimeBetweenLooks = std::chrono::seconds(5);

/// A terminal without its other side gives EIO.
bool is_gone(int error_number) {
    return error_number == EPIPE || error_number == ECONNRESET || error_number == EIO;
}

/// One read: nothing at the end, an empty text if there is nothing yet.
std::optional<std::string> read_available(sys::FdRef fd) {
    std::string data(kBufferBytes, '\0');
    const sys::Transferred got = sys::try_read(fd, data.data(), data.size());
    if (got.error_number == EAGAIN) {
        return std::string();
    }
    if (is_gone(got.error_number) || (got.error_number == 0 && got.size == 0)) {
        return std::nullopt;
    }
    if (got.error_number != 0) {
        throw_errno_value(got.error_number, "read");
    }
    data.resize(got.size);
    return data;
}

async::Task<> until_writable(sys::FdRef fd) {
    co_await async::writable(fd);
}

/// One end of an attachment, while the client is there.
struct Relay {
    Attachment attachment;
    sys::FdRef socket;
    std::string input;  // on its way
};

/// Whether the container's input still takes something. What it does not read yet must not keep us
/// from noticing that the client has gone.
async::Task<bool> pass_input(Relay* relay) {
    std::string_view rest = relay->input;
    while (!rest.empty() && relay->attachment.input) {
        const sys::Transferred written = sys::try_write(relay->attachment.input, rest);
        if (written.error_number == EAGAIN) {
            const bool ready = co_await async::ended_within(
                kTimeBetweenLooks, until_writable(relay->attachment.input)
            );
            if (!ready && sys::has_hung_up(relay->socket)) {
                co_return false;
            }
        } else if (written.error_number != 0) {
            relay->attachment.input.reset();  // nobody reads it: the rest is let go
        } else {
            rest.remove_prefix(written.size);
        }
    }
    relay->input.clear();
    co_return true;
}

/// Until the client has closed the connection.
async::Task<> relay_input(Relay* relay) {
    bool present = co_await pass_input(relay);
    while (present) {
        co_await async::readable(relay->socket);
        std::optional<std::string> data = read_available(relay->socket);
        if (!data) {
            break;
        }
        relay->input = *std::move(data);
        present = co_await pass_input(relay);
    }
    relay->attachment.input.reset();
    // It may have ended only its sending, and still read.
    while (!sys::has_hung_up(relay->socket)) {
        co_await async::sleep_for(kTimeBetweenLooks);
    }
}

async::Task<> relay_input_to_end(async::Group& group, Relay* relay) {
    co_await relay_input(relay);
    group.cancel();
}

async::Task<> relay_both(async::Group& group, Relay* relay) {
    group.spawn(relay_input_to_end(group, relay));
    co_await copy_bytes(relay->attachment.output, relay->socket);
    group.cancel();
}

}  // namespace

async::Task<bool> write_bytes(sys::FdRef to, std::string data) {
    std::string_view rest = data;
    while (!rest.empty()) {
        const sys::Transferred written = sys::try_write(to, rest);
        if (written.error_number == EAGAIN) {
            co_await async::writable(to);
        } else if (is_gone(written.error_number)) {
            co_return false;
        } else if (written.error_number != 0) {
            throw_errno_value(written.error_number, "write");
        } else {
            rest.remove_prefix(written.size);
        }
    }
    co_return true;
}

async::Task<> copy_bytes(sys::FdRef from, sys::FdRef to) {
    bool wanted = true;
    while (wanted) {
        co_await async::readable(from);
        std::optional<std::string> data = read_available(from);
        if (!data) {
            co_return;
        }
        wanted = co_await write_bytes(to, *std::move(data));
    }
}

async::Task<> relay_attachment(Attachment attachment, sys::FdRef socket, std::string first_input) {
    sys::set_non_blocking(attachment.output);
    if (attachment.input) {
        sys::set_non_blocking(attachment.input);
    }
    Relay relay{
        .attachment = std::move(attachment), .socket = socket, .input = std::move(first_input)};
    co_await async::with_group(relay_both, &relay);
}

}  // namespace corun::supervise
