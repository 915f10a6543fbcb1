// The control socket's connections. In the supervisor.
#include "corun/supervise/varlink_server.hpp"

#include "corun/async/ready.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/supervise/byte_relay.hpp"
#include "corun/supervise/control_methods.hpp"
#include "corun/supervise/message_stream.hpp"
#include "corun/supervise/varlink.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/socket.hpp"
#include "corun/sys/stream_socket.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <optional>
#include <utility>

namespace corun::supervise {

namespace {

constexpr const char* kDirectoryName = "@supervise";
constexpr const char* kSocketName = "control";

/// For what is still to be said to a client before an upgrade.
constexpr auto kLastWordsLimit = std::chrono::seconds(1);
/// Descriptors or memory have run out: others must give some back first.
constexpr auto kPauseAfterFailedAccept = std::chrono::milliseconds(100);

bool is_trusted(sys::FdRef connection) {
    const uid_t peer = sys::peer_uid(connection);
    return peer == 0 || peer == ::geteuid();
}

/// Into a socket that is new, and thus has room.
void refuse(sys::FdRef connection) {
    std::string message = message_of(VarlinkReply{.error = supervisor_name("Busy")});
    message += '\0';
    // It is closed next, whatever becomes of this.
    (void)sys::try_write(connection, message);
}

VarlinkReply upgrading() {
    return {.error = supervisor_name("Upgrading")};
}

/// One connection, call by call.
class Conversation : NonCopyable {
public:
    Conversation(
        Control& control,
        IdleClients& idle,
        async::Clock::duration write_limit,
        IdleConnection connection
    )
        : control_(control),
          idle_(idle),
          write_limit_(write_limit),
          stream_(std::move(connection.socket), kMaxCallBytes, std::move(connection.unread)) {}

    /// Until the client has gone, or is closed for others' sake. Throws Error for one that sends
    /// garbage or does not read.
    async::Task<> run();

    /// After run() was cancelled: answers what is in progress. Nothing if there is no connection
    /// that could be handed over.
    async::Task<std::optional<IdleConnection>> hand_over();

private:
    enum class Doing { nothing, call, last_reply, relay };

    static async::Task<> answer_while_present(
        async::Group& group, Conversation* conversation, MethodCall* call
    );
    async::Task<> take_calls();
    async::Task<std::optional<std::string>> next_call();
    async::Task<> stop_when_gone(async::Group& group);
    async::Task<bool> serve_call(ReceivedCall call);
    async::Task<> send_last_reply(CallKind kind);
    async::Task<> send_more(CallKind kind, std::string parameters);
    async::Task<> say_last_words();

    Control& control_;
    IdleClients& idle_;
    async::Clock::duration write_limit_;
    async::CancelScope scope_;
    MessageStream stream_;
    Doing doing_ = Doing::nothing;
    bool wants_reply_ = false;
    std::optional<VarlinkReply> reply_;  // the last one of the call in progress
};

async::Task<> Conversation::run() {
    // false: it is closed for others' sake.
    (void)co_await async::in_scope(scope_, take_calls());
}

async::Task<std::optional<std::string>> Conversation::next_call() {
    const IdleClients::Entry entry(idle_, scope_);
    co_return co_await stream_.next();
}

async::Task<> Conversation::take_calls() {
    bool goes_on = true;
    while (goes_on) {
        std::optional<std::string> message = co_await next_call();
        if (!message) {
            co_return;
        }
        ReceivedCall call(*std::exchange(message, std::nullopt));
        goes_on = co_await serve_call(std::move(call));
        // A client with many calls on the way: descriptors and timers have their turn after each.
        // (Not yield(): of those the loop resumes hundreds before it looks at descriptors.)
        co_await async::sleep_for(async::Clock::duration::zero());
    }
}

async::Task<> Conversation::stop_when_gone(async::Group& group) {
    co_await stream_.peer_gone();
    group.cancel();
}

async::Task<> Conversation::answer_while_present(
    async::Group& group, Conversation* conversation, MethodCall* call
) {
    group.spawn(conversation->stop_when_gone(group));
    VarlinkReply reply = co_await answer(*call);
    conversation->reply_ = std::move(reply);
    group.cancel();
}

async::Task<> Conversation::send_more(CallKind kind, std::string parameters) {
    // Who did not ask for more gets only the last reply.
    if (kind != CallKind::more) {
        co_return;
    }
    const VarlinkReply reply{.parameters = std::move(parameters), .continues = true};
    co_await stream_.send_patiently(message_of(reply));
}

async::Task<> Conversation::send_last_reply(CallKind kind) {
    doing_ = Doing::last_reply;
    if (kind != CallKind::oneway) {
        co_await stream_.send(message_of(*reply_), write_limit_);
    }
    reply_.reset();
    doing_ = Doing::nothing;
}

/// Whether the connection can take another call.
async::Task<bool> Conversation::serve_call(ReceivedCall call) {
    const CallKind kind = call.kind();
    doing_ = Doing::call;
    wants_reply_ = kind != CallKind::oneway;
    MethodCall method_call{
        .control = &control_,
        .call = &call,
        .send = [this,
                 kind](std::string parameters) { return send_more(kind, std::move(parameters)); },
    };
    co_await async::with_group(answer_while_present, this, &method_call);
    if (!reply_) {
        co_return false;  // the client has gone
    }
    co_await send_last_reply(kind);
    if (method_call.attachment) {
        doing_ = Doing::relay;
        co_await relay_attachment(
            *std::move(method_call.attachment), stream_.socket(), stream_.take_unread()
        );
        co_return false;
    }
    co_return true;
}

async::Task<> Conversation::say_last_words() {
    if (stream_.has_pending()) {
        co_await stream_.finish(kLastWordsLimit);
    }
    if (doing_ == Doing::call && wants_reply_) {
        // The method may have ended at the very moment.
        const VarlinkReply reply = reply_.value_or(upgrading());
        co_await stream_.send(message_of(reply), kLastWordsLimit);
    }
}

async::Task<std::optional<IdleConnection>> Conversation::hand_over() {
    if (doing_ == Doing::relay) {
        co_return std::nullopt;
    }
    co_await say_last_words();
    IdleConnection connection{.socket = stream_.release_socket(), .unread = stream_.take_unread()};
    co_return connection;
}

}  // namespace

std::string control_socket_path(const std::string& root) {
    return concat(root, "/", kDirectoryName, "/", kSocketName);
}

sys::UniqueFd listen_control(const std::string& root) {
    const std::string path = concat(root, "/", kDirectoryName);
    sys::make_directories(path, 0700);
    const sys::UniqueFd directory = sys::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    // One that was there may be open to others.
    sys::fchmod(directory, 0700);
    return in_context(
        [&] { return concat("control socket ", quote(control_socket_path(root))); },
        [&] { return sys::listen_stream(directory, kSocketName); }
    );
}

IdleClients::Entry::Entry(IdleClients& clients, async::CancelScope& scope)
    : clients_(clients), turn_(++clients.turns_) {
    clients_.by_turn_.emplace(turn_, &scope);
}

IdleClients::Entry::~Entry() {
    clients_.by_turn_.erase(turn_);
}

bool IdleClients::close_oldest() {
    if (by_turn_.empty()) {
        return false;
    }
    // Not twice: it leaves only when it is resumed.
    const auto oldest = by_turn_.extract(by_turn_.begin());
    oldest.mapped()->cancel();
    return true;
}

ControlServer::ControlServer(Control& control, ControlHandover from, ControlServerOptions options)
    : control_(control), kept_(std::move(from)), options_(options) {
    sys::set_non_blocking(kept_.listener);
}

async::Task<> ControlServer::serve() {
    serving_ = true;
    const ScopeExit end([this] {
        serving_ = false;
        ended_.notify_all();
    });
    // false: release() ended it.
    (void)co_await async::in_scope(scope_, async::with_group(run, this));
}

async::Task<ControlHandover> ControlServer::release() {
    releasing_ = true;
    scope_.cancel();
    while (serving_) {
        co_await ended_.changed();
    }
    co_return std::move(kept_);
}

async::Task<> ControlServer::run(async::Group& group, ControlServer* server) {
    std::vector<IdleConnection> connections = std::exchange(server->kept_.connections, {});
    for (IdleConnection& connection : connections) {
        group.spawn(server->converse(std::move(connection)));
    }
    connections = std::vector<IdleConnection>();
    co_await server->accept_all(group);
}

async::Task<> ControlServer::accept_all(async::Group& group) {
    while (true) {
        co_await async::readable(kept_.listener);
        sys::Accepted accepted = sys::try_accept(kept_.listener);
        if (accepted.socket) {
            admit(group, std::move(accepted.socket));
        } else if (accepted.error_number != EAGAIN) {
            co_await async::sleep_for(kPauseAfterFailedAccept);
        }
    }
}

void ControlServer::admit(async::Group& group, sys::UniqueFd socket) {
    if (!is_trusted(socket)) {
        return;
    }
    if (connected_ >= options_.most_connections && !idle_.close_oldest()) {
        refuse(socket);
        return;
    }
    group.spawn(converse({.socket = std::move(socket), .unread = {}}));
}

async::Task<> ControlServer::converse(IdleConnection connection) {
    ++connected_;
    const ScopeExit end([this] { --connected_; });
    Conversation conversation(control_, idle_, options_.write_limit, std::move(connection));
    std::exception_ptr interruption;
    try {
        co_await conversation.run();
    } catch (const std::exception&) {
        // Garbage, a client that has gone or does not read, no memory for it: closed, and no
        // matter of anybody else's.
        co_return;
    } catch (const async::Cancelled&) {
        interruption = std::current_exception();
    }
    if (interruption && releasing_) {
        try {
            std::optional<IdleConnection> kept = co_await async::shielded(conversation.hand_over());
            if (kept) {
                kept_.connections.push_back(*std::move(kept));
            }
        } catch (const std::exception&) {
            co_return;  // it does not read: closed
        }
    } else if (interruption) {
        std::rethrow_exception(interruption);
    }
}

}  // namespace corun::supervise
