// The far ends of a container's terminal. Parent side: an untrusted container is at the other end
// of `master`; what it writes is only ever copied.
#include "corun/container/console.hpp"

#include "corun/async/child_exit.hpp"
#include "corun/async/group.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/signals.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/socket.hpp"
#include "corun/sys/terminal.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <functional>
#include <optional>
#include <string_view>

namespace corun::container {

namespace {

constexpr std::size_t kBufferBytes = 16 * 1024;

void send_to(
    std::string_view what, const std::string& socket_path, std::string_view text, sys::FdRef fd
) {
    in_context(
        [&] { return std::string(what); },
        [&] { sys::send_with_fd(sys::connect_stream(socket_path), text, fd); }
    );
}

/// Copies one way. What has been read and not yet written survives a cancellation, so that another
/// call can go on where the first was stopped.
class Copy {
public:
    Copy(sys::FdRef from, sys::FdRef to) : from_(from), to_(to) {}

    /// Ends when `from` does, or when nobody takes what is written any more.
    async::Task<> run();

    /// Ends when nothing more is there to read, or `limit` bytes have been copied.
    async::Task<> drain(std::size_t limit);

    /// Reads on, and lets go, when nobody takes what is written.
    void discard_when_refused() { discards_ = true; }

private:
    enum class Read { data, nothing_yet, end };

    [[nodiscard]] Read read_once();
    async::Task<bool> write_pending();

    sys::FdRef from_;
    sys::FdRef to_;
    std::array<char, kBufferBytes> buffer_ = {};
    std::string_view pending_;
    bool discards_ = false;
    bool refused_ = false;
};

/// A terminal without its other side gives EIO, a reader who is gone EPIPE.
bool is_gone(int error_number) {
    return error_number == EIO || error_number == EPIPE || error_number == ECONNRESET;
}

Copy::Read Copy::read_once() {
    const sys::Transferred got = sys::try_read(from_, buffer_.data(), buffer_.size());
    if (got.error_number == EAGAIN) {
        return Read::nothing_yet;
    }
    if (is_gone(got.error_number) || (got.error_number == 0 && got.size == 0)) {
        return Read::end;
    }
    if (got.error_number != 0) {
        throw_errno_value(got.error_number, "read", "terminal");
    }
    pending_ = {buffer_.data(), got.size};
    return Read::data;
}

/// False if nobody takes it and nobody ever will.
async::Task<bool> Copy::write_pending() {
    while (!pending_.empty() && !refused_) {
        const sys::Transferred written = sys::try_write(to_, pending_);
        if (written.error_number == EAGAIN) {
            co_await async::writable(to_);
        } else if (is_gone(written.error_number)) {
            refused_ = true;
        } else if (written.error_number != 0) {
            throw_errno_value(written.error_number, "write", "terminal");
        } else {
            pending_.remove_prefix(written.size);
        }
    }
    pending_ = {};
    co_return !refused_ || discards_;
}

async::Task<> Copy::run() {
    bool wanted = true;
    while (wanted) {
        co_await async::readable(from_);
        const Read outcome = read_once();
        if (outcome == Read::end) {
            co_return;
        }
        wanted = co_await write_pending();
    }
}

async::Task<> Copy::drain(std::size_t limit) {
    bool wanted = co_await write_pending();
    std::size_t copied = 0;
    // No waiting: a read flushes what the kernel still holds for it before it says EAGAIN.
    while (wanted && copied < limit && read_once() == Read::data) {
        copied += pending_.size();
        wanted = co_await write_pending();
    }
}

std::optional<sys::FdRef> callers_terminal(RelayEnds ends) {
    for (const sys::FdRef fd : {ends.input, ends.output}) {
        if (sys::is_terminal(fd)) {
            return fd;
        }
    }
    return std::nullopt;
}

/// All that lives as long as the relay does.
struct Relay {
    sys::UniqueFd master;
    sys::UniqueFd slave;
    sys::Pidfd process;
    std::optional<sys::FdRef> terminal;  // the caller's, if it is one
    sys::NonBlocking input;
    sys::NonBlocking output;
    Copy inwards;
    Copy outwards;

    Relay(sys::UniqueFd its_master, sys::Pidfd its_process, RelayEnds ends)
        : master(std::move(its_master)),
          // While we hold the other side too, the container may close its terminal and open it
          // again without the master reporting an end.
          slave(sys::open_pty_peer(master)),
          process(std::move(its_process)),
          terminal(callers_terminal(ends)),
          input(ends.input, O_RDONLY),
          output(ends.output, O_WRONLY),
          inwards(input.fd(), master),
          outwards(master, output.fd()) {
        sys::set_non_blocking(master);
        outwards.discard_when_refused();
    }
};

async::Task<> follow_size(std::reference_wrapper<Relay> relay, sys::FdRef terminal) {
    async::SignalStream resized({SIGWINCH});
    for (;;) {
        // Also at the start, after the signal is blocked: a change in between is not missed.
        sys::copy_window_size(terminal, relay.get().master);
        (void)co_await resized.next();  // which signal is clear
    }
}

async::Task<> relay_until_end(async::Group& group, std::reference_wrapper<Relay> relay) {
    Relay& ends = relay.get();
    if (ends.terminal) {
        group.spawn(follow_size(relay, *ends.terminal));
    }
    group.spawn(ends.inwards.run());
    group.spawn(ends.outwards.run());
    co_await async::end_of(ends.process);
    group.cancel();
}

}  // namespace

void send_console(const std::string& socket_path, sys::FdRef master, const std::string& name) {
    send_to("console socket", socket_path, name, master);
}

void send_pidfd(const std::string& socket_path, const sys::Pidfd& process, PidfdOf kind) {
    const std::string_view text = kind == PidfdOf::first_process ? "standard" : "setns";
    send_to("pidfd socket", socket_path, text, process.fd());
}

void prepare_relay(sys::FdRef master, RelayEnds ends) {
    sys::set_newline_output(master, sys::NewlineOutput::as_is);
    if (const std::optional<sys::FdRef> terminal = callers_terminal(ends)) {
        sys::copy_window_size(*terminal, master);
    }
}

async::Task<> relay_terminal(sys::UniqueFd master, sys::Pidfd process, RelayEnds ends) {
    // More than the kernel holds for a pty: whoever still writes after that is another process.
    constexpr std::size_t kMostLeft = 1 << 20;
    prepare_relay(master, ends);
    Relay relay(std::move(master), std::move(process), ends);
    std::optional<sys::RawMode> raw;
    if (relay.terminal) {
        raw.emplace(*relay.terminal);
    }
    co_await async::with_group(relay_until_end, std::ref(relay));
    co_await relay.outwards.drain(kMostLeft);
}

}  // namespace corun::container
