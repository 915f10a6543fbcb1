// The supervisor as a service of systemd's: what it says to the service manager (sd_notify(3)).
#pragma once

#include "corun/async/condition.hpp"
#include "corun/async/task.hpp"
#include "corun/base/scope.hpp"
#include "corun/sys/fd.hpp"

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace corun::supervise {

/// What the environment says of the service manager.
struct ServiceEnvironment {
    std::string notify_socket;  // $NOTIFY_SOCKET; empty: there is none to tell
    std::optional<std::chrono::microseconds> watchdog;  // $WATCHDOG_USEC, if meant for this process
};

/// It stays in the environment, for the program that an upgrade executes.
[[nodiscard]] ServiceEnvironment read_service_environment();

/// Says nothing where there is nobody to tell. A manager that is slow is not waited for: what it
/// has no room for is said later, in order.
class ServiceNotify : NonCopyable {
public:
    explicit ServiceNotify(ServiceEnvironment environment);

    /// Lines as of sd_notify(3).
    void tell(std::string lines);

    /// Says what is still to be said, for ever.
    [[nodiscard]] async::Task<> deliver();

    /// `READY=1`, after a reload and an upgrade as well.
    void ready(std::string_view status);

    /// `RELOADING=1`, to be followed by ready().
    void reloading();

    void stopping() { tell("STOPPING=1"); }

    /// Feeds the watchdog, for ever; ends at once if there is none.
    [[nodiscard]] async::Task<> feed_watchdog();

private:
    void send_waiting();

    ServiceEnvironment environment_;
    sys::UniqueFd socket_;
    std::deque<std::string> waiting_;
    async::Condition more_;
};

}  // namespace corun::supervise
