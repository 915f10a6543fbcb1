// ControlServer: the control socket of the supervisor. A coroutine for each connection; none of
// them can hold up the others or the containers, whatever its client does or does not.
// Only root and the supervisor's own user are served. (SO_PEERCRED)
#pragma once

#include "corun/async/cancel.hpp"
#include "corun/async/condition.hpp"
#include "corun/async/group.hpp"
#include "corun/async/task.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/scope.hpp"
#include "corun/supervise/control.hpp"
#include "corun/sys/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace corun::supervise {

/// Where the control socket is: `<root>/@supervise/control`.
[[nodiscard]] std::string control_socket_path(const std::string& root);

/// A listener there, in place of an old one. Makes the directory, 0700. Who calls this holds the
/// lock that says that no other supervisor runs.
[[nodiscard]] sys::UniqueFd listen_control(const std::string& root);

/// A connection that goes over to the next supervisor: no call of it is in progress.
struct IdleConnection {
    sys::UniqueFd socket;
    std::string unread;  // of the next call
};

/// What survives an upgrade: handed from one server to the next.
struct ControlHandover {
    sys::UniqueFd listener;
    std::vector<IdleConnection> connections;
};

struct ControlServerOptions {
    /// For one more the connection that has been idle longest is closed. If none is, the new one is
    /// told `Busy` and closed.
    std::size_t most_connections = 64;
    /// A client that does not take a reply for so long is closed. Followers of events may.
    async::Clock::duration write_limit = std::chrono::seconds(10);
};

/// Connections without a call, which can be closed for others' sake.
class IdleClients : NonCopyable {
public:
    /// One of them, for as long as it lives. `scope` is what to cancel.
    class Entry : NonCopyable {
    public:
        Entry(IdleClients& clients, async::CancelScope& scope);
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        Entry(Entry&&) = delete;
        Entry& operator=(Entry&&) = delete;
        ~Entry();

    private:
        IdleClients& clients_;
        std::uint64_t turn_;
    };

    /// Closes the one that has been idle longest; false if there is none.
    [[nodiscard]] bool close_oldest();

private:
    std::map<std::uint64_t, async::CancelScope*> by_turn_;
    std::uint64_t turns_ = 0;
};

/// `control` must outlive it.
class ControlServer : NonCopyable {
public:
    ControlServer(Control& control, ControlHandover from, ControlServerOptions options = {});

    /// Serves until cancelled, or until release(). Once.
    [[nodiscard]] async::Task<> serve();

    /// Ends serve() and returns what goes on. Calls in progress are answered with the error
    /// `org.corun.Supervisor.Upgrading`; a connection that is attached to a container is closed.
    /// Not from a task of serve()'s own.
    [[nodiscard]] async::Task<ControlHandover> release();

    [[nodiscard]] std::size_t connections() const { return connected_; }

private:
    static async::Task<> run(async::Group& group, ControlServer* server);
    [[nodiscard]] async::Task<> accept_all(async::Group& group);
    [[nodiscard]] async::Task<> converse(IdleConnection connection);
    void admit(async::Group& group, sys::UniqueFd socket);

    Control& control_;
    ControlHandover kept_;
    ControlServerOptions options_;
    async::CancelScope scope_;
    async::Condition ended_;
    IdleClients idle_;
    std::size_t connected_ = 0;
    bool serving_ = false;
    bool releasing_ = false;
};

}  // namespace corun::supervise
