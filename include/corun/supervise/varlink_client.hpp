// A client of the supervisor's control socket. Coroutines on the loop of a command.
#pragma once

#include "corun/async/task.hpp"
#include "corun/base/scope.hpp"
#include "corun/supervise/message_stream.hpp"
#include "corun/supervise/model.hpp"
#include "corun/supervise/varlink.hpp"
#include "corun/sys/fd.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace corun::supervise {

/// One connection: one call at a time.
class VarlinkClient : NonCopyable {
public:
    explicit VarlinkClient(sys::UniqueFd socket);

    /// Sends the call; the replies are next_reply()'s.
    [[nodiscard]] async::Task<> send(VarlinkCall call);

    /// The next reply, errors among them. Throws Error (ECONNRESET) if the server has gone.
    [[nodiscard]] async::Task<ReceivedReply> next_reply();

    /// Calls, and gives the one reply. An error of the server's is thrown, as in throw_if_error().
    [[nodiscard]] async::Task<ReceivedReply> call(VarlinkCall call);

    /// After an upgrade: the socket, and what was read of the stream so far.
    [[nodiscard]] MessageStream& stream() { return stream_; }

private:
    MessageStream stream_;
};

/// Throws what the supervisor says as Error: `container does not exist` and the like.
void throw_if_error(const ReceivedReply& reply);

/// The supervisor is being upgraded: the call is to be made again, on the same connection.
[[nodiscard]] bool is_upgrading(const ReceivedReply& reply);

/// From now on the connection is the container's output, and its input the other way.
struct Attached {
    sys::UniqueFd socket;
    std::string first_output;
    bool terminal = false;
};

/// What the commands ask of the supervisor, with values in place of messages. While the supervisor
/// is being upgraded they wait for the new one, but for restart().
class ControlClient : NonCopyable {
public:
    /// Throws Error: `no supervisor runs with root '/run/corun': connect '…': …`.
    [[nodiscard]] static sys::UniqueFd connect(const std::string& root);

    explicit ControlClient(sys::UniqueFd socket) : client_(std::move(socket)) {}

    [[nodiscard]] async::Task<std::vector<UnitStatus>> list();
    [[nodiscard]] async::Task<SupervisorStatus> supervisor();
    [[nodiscard]] async::Task<UnitStatus> status(std::string id);
    [[nodiscard]] async::Task<> start(std::string id);
    [[nodiscard]] async::Task<> stop(std::string id);
    [[nodiscard]] async::Task<> restart(std::string id);
    [[nodiscard]] async::Task<> reload();
    [[nodiscard]] async::Task<> upgrade();
    [[nodiscard]] async::Task<ExitRecord> wait(std::string id);
    [[nodiscard]] async::Task<> resize_terminal(std::string id, unsigned rows, unsigned columns);

    /// Turns the connection into one of events: next_event() and nothing else.
    [[nodiscard]] async::Task<> follow_events();
    [[nodiscard]] async::Task<Event> next_event();

    /// Takes the connection over; this object is of no use any more.
    [[nodiscard]] async::Task<Attached> attach(std::string id);

private:
    [[nodiscard]] async::Task<ReceivedReply> ask(VarlinkCall call);
    [[nodiscard]] async::Task<ReceivedReply> ask_about(const char* method, std::string id);

    VarlinkClient client_;
};

/// What a supervisor says of its containers, if one runs with that root and answers in `limit`.
[[nodiscard]] async::Task<std::optional<std::vector<UnitStatus>>> try_list_units(
    std::string root, std::chrono::milliseconds limit
);

}  // namespace corun::supervise
