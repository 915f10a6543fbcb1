// `attach`: the output and input of a supervised container, here.
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/signals.hpp"
#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/detach_keys.hpp"
#include "corun/supervise/byte_relay.hpp"
#include "corun/supervise/varlink_client.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/stream_socket.hpp"
#include "corun/sys/terminal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>

namespace corun::cli {

namespace {

using supervise::ControlClient;

constexpr std::array kOptions{
    Option{
        .name = "no-stdin",
        .letter = "",
        .argument = "",
        .help = "only show the output; give the container no input",
    },
};

constexpr sys::FdRef kInput(STDIN_FILENO);
constexpr sys::FdRef kOutput(STDOUT_FILENO);

/// What lives as long as the command does, across upgrades of the supervisor.
class Session : NonCopyable {
public:
    Session(std::string root, std::string id, bool gives_input)
        : root_(std::move(root)),
          id_(std::move(id)),
          gives_input_(gives_input),
          input_(kInput, O_RDONLY),
          output_(kOutput, O_WRONLY) {}

    /// Until the container's output ends or the user detaches.
    async::Task<> run();

private:
    static async::Task<> relay(async::Group& group, Session* session);
    async::Task<bool> attach();
    async::Task<> relay_input();
    async::Task<> give_input_then_detach(async::Group& group);
    async::Task<> follow_size();
    async::Task<> end_upon_signal(async::Group& group);

    std::string root_;
    std::string id_;
    bool gives_input_;
    sys::NonBlocking input_;
    sys::NonBlocking output_;
    std::uint64_t upgrades_ = 0;  // of the supervisor that we are attached to
    supervise::Attached attached_;
    std::optional<sys::RawMode> raw_;
    DetachKeys keys_;
    bool detached_ = false;
};

/// False if the output has ended because it is at its end, not because the supervisor was replaced.
async::Task<bool> Session::attach() {
    const bool first = !attached_.socket;
    ControlClient client(ControlClient::connect(root_));
    const supervise::SupervisorStatus supervisor = co_await client.supervisor();
    if (!first && supervisor.upgrades == upgrades_) {
        co_return false;
    }
    upgrades_ = supervisor.upgrades;
    attached_ = co_await client.attach(id_);
    co_return true;
}

async::Task<> Session::run() {
    bool present = co_await attach();
    while (present) {
        if (attached_.terminal && gives_input_ && sys::is_terminal(kInput) && !raw_) {
            raw_.emplace(kInput);
        }
        co_await async::with_group(relay, this);
        present = false;
        if (!detached_) {
            present = co_await attach();
        }
    }
}

/// Until standard input ends or the user types the keys to detach.
async::Task<> Session::relay_input() {
    while (!detached_) {
        co_await async::readable(input_.fd());
        std::array<char, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): out
        const sys::Transferred got = sys::try_read(input_.fd(), buffer.data(), buffer.size());
        if (got.error_number == EAGAIN) {
            continue;
        }
        if (got.size == 0) {
            co_return;
        }
        const std::string_view typed(buffer.data(), got.size);
        // In a script the two bytes are bytes as any.
        DetachKeys::Found found{.passed = std::string(typed), .detached = false};
        if (raw_) {
            found = keys_.look_through(typed);
        }
        detached_ = found.detached;
        const bool taken =
            co_await supervise::write_bytes(attached_.socket, std::move(found.passed));
        if (!taken) {
            co_return;
        }
    }
}

async::Task<> Session::give_input_then_detach(async::Group& group) {
    co_await relay_input();
    if (detached_) {
        group.cancel();
    }
    // The container's input ends here; its output goes on.
    (void)sys::shutdown_sending(attached_.socket);  // it may be closed already
}

/// The container's terminal is as large as this one.
async::Task<> Session::follow_size() {
    async::SignalStream resized({SIGWINCH});
    ControlClient client(ControlClient::connect(root_));
    while (true) {
        // Also at the start, after the signal is blocked: a change in between is not missed.
        if (const std::optional<sys::WindowSize> size = sys::try_window_size(kInput)) {
            co_await client.resize_terminal(id_, size->rows, size->columns);
        }
        (void)co_await resized.next();  // which signal is clear
    }
}

/// The terminal must be itself again before this ends.
async::Task<> Session::end_upon_signal(async::Group& group) {
    async::SignalStream signals({SIGINT, SIGTERM, SIGHUP});
    (void)co_await signals.next();  // any of them
    detached_ = true;
    group.cancel();
}

async::Task<> Session::relay(async::Group& group, Session* session) {
    if (session->raw_) {
        group.spawn(session->end_upon_signal(group));
        group.spawn(session->follow_size());
    }
    if (session->gives_input_) {
        group.spawn(session->give_input_then_detach(group));
    }
    std::string first = std::exchange(session->attached_.first_output, std::string());
    const bool wanted = co_await supervise::write_bytes(session->output_.fd(), std::move(first));
    if (wanted) {
        co_await supervise::copy_bytes(session->attached_.socket, session->output_.fd());
    }
    group.cancel();
}

int run(const Invocation& invocation) {
    Session session(
        invocation.globals.root, invocation.operand(0), !invocation.arguments.is_on("no-stdin")
    );
    async::Loop loop;
    loop.run(session.run());
    return 0;
}

}  // namespace

constexpr Command kAttachCommand{
    .name = "attach",
    .summary = "connect to the output and input of a supervised container",
    .operands = {.usage = "ID", .at_least = 1, .at_most = 1},
    .options = kOptions,
    .notes = "ctrl-p ctrl-q leaves the container running and ends this command.",
    .run = run,
};

}  // namespace corun::cli
