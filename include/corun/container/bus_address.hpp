// Where a systemd is spoken to. Pure but for looking whether a socket is there.
#pragma once

#include <sys/types.h>

#include <string>

namespace corun::container {

/// Which systemd: the host's, or the one of a user.
enum class SystemdInstance { system, user };

/// What the caller's environment says about buses.
struct BusEnvironment {
    std::string runtime_dir;          // $XDG_RUNTIME_DIR
    std::string session_bus_address;  // $DBUS_SESSION_BUS_ADDRESS
    std::string system_bus_address;   // $DBUS_SYSTEM_BUS_ADDRESS
};

struct BusAddress {
    std::string address;   // as libdbus takes it
    bool is_peer = false;  // systemd itself, not a message bus
};

/// The message bus of `instance` if there is one, else systemd's own socket. Throws Error if
/// neither is there.
[[nodiscard]] BusAddress find_bus_address(
    SystemdInstance instance, const BusEnvironment& environment, uid_t uid
);

/// `address` by way of systemd-stdio-bridge(1). For who is in a user namespace: libdbus tells the
/// bus its uid as it is there, and the bus, which sees the host's, would not believe it; the bridge
/// tells none.
[[nodiscard]] BusAddress through_bridge(const BusAddress& address);

}  // namespace corun::container
