// The conversation between launch (parent) and the child, over one SEQPACKET socket.
//
//   child                          parent
//   ─────                          ──────
//                    ◄───────────  Proceed            to a relay: it is in its cgroup now (only if
//                                                     it was not born there)
//   Relayed + pidfd  ───────────►                     only with a relay process (setup/relay.hpp)
//                    ◄───────────  Proceed{pid}       the child's first word: its pid on the host
//   MapIds           ───────────►                     only with a new user namespace
//                    ◄───────────  Proceed            maps are written
//   MapMount + fd    ───────────►                     once for each idmapped bind from the rootfs,
//                    ◄───────────  Proceed            whose detached clone the parent has mapped
//   RunHooks         ───────────►                     only with prestart or createRuntime hooks
//                    ◄───────────  Proceed            they have run
//   Console + fd     ───────────►                     only with a terminal: the master of the pty
//                    ◄───────────  Proceed
//   SetLimits        ───────────►                     only with oom_score_adj, or rlimits above
//   ours
//                    ◄───────────  Proceed            they are set on the child, from outside
//   Ready            ───────────►                     all that can fail before the payload is done
//                    ◄───────────  Proceed            from now on the child may outlive the parent
//   Warning{text}    ───────────►                     at any time, no answer
//   Report{errno, text} ────────►                     it failed; nothing follows
//   (end of file)    ───────────►                     exec succeeded: the socket is CLOEXEC
//
// Fixed-size records, no allocation when sent. If the parent dies, the child reads end of file and
// exits.
#pragma once

#include "corun/base/error.hpp"
#include "corun/sys/fd.hpp"

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace corun::setup {

/// The order of the enumerators up to `ready` is the order of the protocol.
enum class MessageKind : std::uint32_t {
    relayed = 1,
    map_ids,
    map_mount,
    run_hooks,
    console,
    set_limits,
    ready,
    warning,
    report,
    proceed,
};

[[nodiscard]] std::string_view name_of(MessageKind kind);

/// The record on the wire: the same binary is on both sides, so its form is that of memory.
struct Message {
    MessageKind kind = MessageKind::proceed;
    std::int32_t error_number = 0;
    std::int32_t pid = 0;
    std::uint32_t text_size = 0;
    std::array<char, 1008> text = {};

    [[nodiscard]] std::string_view text_view() const;
    void set_text(std::string_view value);  // cut off where it does not fit
};

/// Thrown in the child when the parent is gone: there is nobody to tell, it just exits.
struct ParentGone {};

/// Sends one message (and a descriptor).
void send_message(
    sys::FdRef socket, const Message& message, std::optional<sys::FdRef> fd = std::nullopt
);

/// Waits for Proceed; its pid field. Throws ParentGone at end of file.
pid_t await_proceed(sys::FdRef socket);

/// The child's end.
class Handshake {
public:
    explicit Handshake(sys::UniqueFd socket) : socket_(std::move(socket)) {}

    /// Sends a request and waits for Proceed. Throws ParentGone at end of file.
    void ask(MessageKind kind, std::optional<sys::FdRef> fd = std::nullopt);

    /// As the function, on this end.
    pid_t await_proceed() { return setup::await_proceed(socket_); }

    void warn(std::string_view text);
    void report(const Error& error) noexcept;

    [[nodiscard]] sys::FdRef socket() const { return socket_; }

    /// From here on reports go to another peer: the one who said `start`.
    void replace_socket(sys::UniqueFd socket) { socket_ = std::move(socket); }

private:
    sys::UniqueFd socket_;
};

/// What the parent expects next. Rejects what is unexpected, repeated or out of order, so that a
/// subverted child cannot make the parent act twice.
class RequestSequence {
public:
    struct Expected {
        bool relayed = false;
        bool map_ids = false;
        std::size_t mapped_mounts = 0;
        bool run_hooks = false;
        bool console = false;
        bool set_limits = false;
    };

    explicit RequestSequence(Expected expected) : expected_(expected) {}

    /// The child asks for something, and waits for the answer, before it is Ready.
    [[nodiscard]] bool has_questions() const {
        return expected_.map_ids || expected_.mapped_mounts > 0 || expected_.run_hooks ||
               expected_.console || expected_.set_limits;
    }

    /// Throws Error (EPROTO) when `kind` is not what may come now.
    void accept(MessageKind kind);

private:
    [[nodiscard]] bool is_expected(MessageKind kind) const;
    [[nodiscard]] bool may_follow(MessageKind kind) const;

    Expected expected_;
    std::optional<MessageKind> last_;
};

}  // namespace corun::setup
