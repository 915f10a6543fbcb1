// The supervisor as a service of systemd's: what it says to the service manager (sd_notify(3)).
#pragma once

#include "corun/async/task.hpp"
#include "corun/sys/fd.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace corun::supervise {

/// What the environment says of the service manager.
struct ServiceEnvironment {
    std::string notify_socket;  // $NOTIFY_SOCKET; empty: there is none to tell
    std::optional<std::chrono::microseconds> watchdog;  // $WATCHDOG_USEC, if meant for this process
};

/// Reads it, and takes it out of the environment, as it is not meant for children.
[[nodiscard]] ServiceEnvironment take_service_environment();

/// Says nothing where there is nobody to tell.
class ServiceNotify {
public:
    explicit ServiceNotify(ServiceEnvironment environment);

    /// Lines as of sd_notify(3). A manager that does not take them is passed over.
    void tell(std::string_view lines) const noexcept;

    /// `READY=1`, after a reload and an upgrade as well.
    void ready(std::string_view status) const;

    /// `RELOADING=1`, to be followed by ready().
    void reloading() const;

    void stopping() const { tell("STOPPING=1"); }

    /// Feeds the watchdog, for ever; ends at once if there is none.
    [[nodiscard]] async::Task<> feed_watchdog() const;

    /// As it was read, for the program that takes this one's place.
    [[nodiscard]] const ServiceEnvironment& environment() const { return environment_; }

private:
    ServiceEnvironment environment_;
    sys::UniqueFd socket_;
};

}  // namespace corun::supervise
