// The notify socket between a container and whoever started us. Parent side. What the container
// sends is untrusted: one line of it is passed on, and descriptors it sends along are dropped.
#include "corun/container/notify_socket.hpp"

#include "corun/async/child_exit.hpp"
#include "corun/async/group.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace corun::container {

namespace {

constexpr const char* kSocketName = "notify.sock";

/// What the two waits of a container's readiness share.
struct Waiting {
    sys::UniqueFd socket;
    sys::Pidfd process;
    std::string ready;  // the line; empty: it ended without
};

/// The `READY=1` of a message of lines; nothing if it says something else.
std::optional<std::string_view> ready_line(std::string_view message) {
    for (const std::string_view line : split(message, '\n')) {
        if (line.starts_with("READY=")) {
            return line;
        }
    }
    return std::nullopt;
}

/// True when a message said so.
bool read_message(Waiting& waiting) {
    std::array<char, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): out
    // read(2) takes no descriptors: those that come with a message (BARRIER=1) are closed, which
    // is just what tells their sender that the message was taken.
    const sys::Transferred got = sys::try_read(waiting.socket, buffer.data(), buffer.size());
    if (got.error_number == EAGAIN) {
        return false;
    }
    if (got.error_number != 0) {
        throw_errno_value(got.error_number, "read", kSocketName);
    }
    const std::optional<std::string_view> line = ready_line({buffer.data(), got.size});
    if (line) {
        waiting.ready = *line;
    }
    return line.has_value();
}

async::Task<> wait_for_message(
    std::reference_wrapper<async::Group> group, std::reference_wrapper<Waiting> waiting
) {
    bool ready = false;
    while (!ready) {
        co_await async::readable(waiting.get().socket);
        ready = read_message(waiting.get());
    }
    group.get().cancel();
}

async::Task<> wait_for_readiness(async::Group& group, std::reference_wrapper<Waiting> waiting) {
    group.spawn(wait_for_message(std::ref(group), waiting));
    co_await async::end_of(waiting.get().process);
    group.cancel();
}

void send_text(sys::FdRef host, const std::string& text) {
    sys::send_record(host, std::as_bytes(std::span(text)));
}

async::Task<> wait_for_hangup(std::reference_wrapper<sys::UniqueFd> pipe) {
    co_await async::readable(pipe.get());
}

/// Waits until the host has closed the pipe it was sent, or has had its time: one that does not
/// know BARRIER=1 may keep it.
async::Task<> pass_barrier(
    std::reference_wrapper<const sys::UniqueFd> host, std::chrono::seconds patience
) {
    sys::Pipe pipe = sys::make_pipe();
    sys::send_with_fd(host.get(), "BARRIER=1", pipe.write_end);
    pipe.write_end.reset();
    // Too late or not, the container is ready: what the host makes of it is its own affair.
    (void)co_await async::ended_within(patience, wait_for_hangup(std::ref(pipe.read_end)));
}

}  // namespace

void make_notify_directory(sys::FdRef state_directory) {
    constexpr mode_t kMode = 0755;  // the payload need not be root
    sys::mkdirat(state_directory, kNotifyDirectory, kMode);
}

sys::UniqueFd bind_notify_socket(sys::FdRef state_directory) {
    const sys::UniqueFd directory =
        sys::openat(state_directory, kNotifyDirectory, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    return sys::bind_datagram(directory, kSocketName, 0777);
}

async::Task<> forward_notify(
    sys::UniqueFd socket,
    std::string host_address,
    sys::Pidfd process,
    std::chrono::seconds patience
) {
    const sys::UniqueFd host = sys::connect_datagram(host_address);
    const pid_t pid = process.pid();
    Waiting waiting = {.socket = std::move(socket), .process = std::move(process)};
    sys::set_non_blocking(waiting.socket);
    co_await async::with_group(wait_for_readiness, std::ref(waiting));
    if (waiting.ready.empty()) {
        co_return;
    }
    send_text(host, concat(waiting.ready, "\n"));
    send_text(host, concat("MAINPID=", pid, "\n"));
    co_await pass_barrier(std::cref(host), patience);
}

}  // namespace corun::container
