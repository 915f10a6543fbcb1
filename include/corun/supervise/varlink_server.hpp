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
    std::size_t most_connections = 64;  // one more is told `Busy` and closed
    /// A client that does not take a reply for so long is closed. Followers of events may.
    async::Clock::duration write_limit = std::chrono::seconds(10);
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
    std::size_t connected_ = 0;
    bool serving_ = false;
    bool releasing_ = false;
};

}  // namespace corun::supervise
