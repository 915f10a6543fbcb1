// The start gate: a listening socket in the state directory, or the handshake itself.
#include "corun/setup/start_gate.hpp"

#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"

#include <csignal>
#include <optional>
#include <span>
#include <utility>

namespace corun::setup {

namespace {

/// Nothing for a connection that is not a start: `corun state` probes by connecting and closing.
std::optional<sys::UniqueFd> accept_start(sys::FdRef listener, uid_t creator) {
    sys::UniqueFd connection = sys::accept(listener);
    // The state directory's mode (0700) keeps others out; this is the second lock. (CVE-2020-15257)
    if (sys::peer_uid(connection) != creator) {
        return std::nullopt;
    }
    Message message;
    const sys::Received received =
        sys::receive_record(connection, std::as_writable_bytes(std::span(&message, 1)));
    if (received.size != sizeof message || message.kind != MessageKind::proceed) {
        return std::nullopt;
    }
    return connection;
}

/// The plan owns the listener but is read-only here. Closed now, so that a second `start` is
/// refused at once instead of waiting in the backlog.
void close_listener(const sys::UniqueFd& listener) {
    const auto number = static_cast<unsigned>(listener.ref().number());
    sys::close_range(number, number);
}

/// The kernel lets a pid namespace's first process ignore what it has no handler for; but who ends
/// a created container by these means it, and runc's does end. execve(2) undoes it.
void heed_termination() {
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
        sys::exit_upon(signal);
    }
}

void wait_on_socket(ChildContext& context) {
    const sys::UniqueFd& listener = context.plan.gate.listener;
    // The parent made the handshake's pair: its uid as this user namespace shows it, even if
    // unmapped, is what the starter's must look like.
    const uid_t creator = sys::peer_uid(context.handshake.socket());
    while (true) {
        std::optional<sys::UniqueFd> connection = accept_start(listener, creator);
        if (connection) {
            context.handshake.replace_socket(std::move(*connection));
            close_listener(listener);
            return;
        }
    }
}

}  // namespace

void report_ready(ChildContext& context) {
    // Before the question: the parent may end as soon as it has answered. If it dies before, the
    // socket's end of file says so.
    sys::set_parent_death_signal(0);
    if (context.plan.gate.kind == GateKind::socket) {
        heed_termination();  // `create` returns soon, and then it may come at once
    }
    context.handshake.ask(MessageKind::ready);
}

void wait_at_gate(ChildContext& context) {
    switch (context.plan.gate.kind) {
        case GateKind::none:
            return;
        case GateKind::socket:
            wait_on_socket(context);
            return;
    }
}

}  // namespace corun::setup
