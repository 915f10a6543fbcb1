// The conversation's records and its order. Child side and (RequestSequence) parent side.
#include "corun/setup/handshake.hpp"

#include "corun/base/text.hpp"
#include "corun/sys/socket.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

namespace corun::setup {

std::string_view name_of(MessageKind kind) {
    switch (kind) {
        case MessageKind::relayed:
            return "Relayed";
        case MessageKind::map_ids:
            return "MapIds";
        case MessageKind::map_mount:
            return "MapMount";
        case MessageKind::run_hooks:
            return "RunHooks";
        case MessageKind::console:
            return "Console";
        case MessageKind::set_limits:
            return "SetLimits";
        case MessageKind::ready:
            return "Ready";
        case MessageKind::warning:
            return "Warning";
        case MessageKind::report:
            return "Report";
        case MessageKind::proceed:
            return "Proceed";
    }
    return "an unknown message";
}

std::string_view Message::text_view() const {
    return {text.data(), std::min<std::size_t>(text_size, text.size())};
}

void Message::set_text(std::string_view value) {
    const std::size_t size = std::min(value.size(), text.size());
    std::memcpy(text.data(), value.data(), size);
    text_size = static_cast<std::uint32_t>(size);
}

void send_message(sys::FdRef socket, const Message& message, std::optional<sys::FdRef> fd) {
    sys::send_record(socket, std::as_bytes(std::span(&message, 1)), fd);
}

void Handshake::ask(MessageKind kind, std::optional<sys::FdRef> fd) {
    Message message;
    message.kind = kind;
    send_message(socket_, message, fd);
    (void)await_proceed();  // only the first Proceed carries a pid
}

pid_t await_proceed(sys::FdRef socket) {
    Message message;
    const sys::Received received =
        sys::receive_record(socket, std::as_writable_bytes(std::span(&message, 1)));
    if (received.closed()) {
        throw ParentGone();
    }
    if (received.size != sizeof message || message.kind != MessageKind::proceed) {
        throw Error(concat("handshake: expected Proceed, got ", name_of(message.kind)), EPROTO);
    }
    return message.pid;
}

void Handshake::warn(std::string_view text) {
    Message message;
    message.kind = MessageKind::warning;
    message.set_text(text);
    send_message(socket_, message);
}

void Handshake::report(const Error& error) noexcept {
    Message message;
    message.kind = MessageKind::report;
    message.error_number = error.error_number();
    message.set_text(error.message());
    try {
        send_message(socket_, message);
    } catch (const Error& failure) {
        if (failure.error_number() != EPIPE) {
            // A filter may refuse sendmsg(2); write(2) will do, and if not, nothing is left to try.
            (void)::write(socket_.ref().number(), &message, sizeof message);
        }
    }
}

bool RequestSequence::is_expected(MessageKind kind) const {
    switch (kind) {
        case MessageKind::relayed:
            return expected_.relayed;
        case MessageKind::map_ids:
            return expected_.map_ids;
        case MessageKind::map_mount:
            return expected_.mapped_mounts != 0;
        case MessageKind::run_hooks:
            return expected_.run_hooks;
        case MessageKind::console:
            return expected_.console;
        case MessageKind::set_limits:
            return expected_.set_limits;
        case MessageKind::ready:
            return true;
        default:
            return false;
    }
}

bool RequestSequence::may_follow(MessageKind kind) const {
    return !last_ || *last_ < kind || (*last_ == kind && kind == MessageKind::map_mount);
}

void RequestSequence::accept(MessageKind kind) {
    if (kind == MessageKind::warning || kind == MessageKind::report) {
        return;
    }
    if (!is_expected(kind)) {
        throw Error(concat("handshake: unexpected ", name_of(kind), " from the child"), EPROTO);
    }
    if (!may_follow(kind)) {
        throw Error(
            concat("handshake: ", name_of(kind), " from the child after ", name_of(*last_)), EPROTO
        );
    }
    last_ = kind;
    if (kind == MessageKind::map_mount) {
        --expected_.mapped_mounts;
    }
}

}  // namespace corun::setup
