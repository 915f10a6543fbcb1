// linux.netDevices: network interfaces of the host that a container gets. Parent side; needs
// CAP_NET_ADMIN and CAP_SYS_ADMIN in the host's network namespace and the container's.
#pragma once

#include "corun/oci/spec.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/rtnetlink.hpp"

#include <string>
#include <vector>

namespace corun::container {

/// Throws if devices are asked for and this is not root on the host.
void check_net_devices(const oci::Linux& config, bool rootless);

/// Moves devices from this process's network namespace to a container's, and back if the container
/// does not come into being. Otherwise they stay: they come back, or go, with that namespace.
/// (runtime-spec 1.3 config-linux#network-devices)
class NetDeviceMover {
public:
    /// Throws if `netns` is the namespace this process is in.
    explicit NetDeviceMover(sys::UniqueFd netns);

    /// They are renamed, keep their permanent global addresses, and are up. Nothing is moved if one
    /// of them is missing here or its name taken there.
    void move(const std::vector<oci::NetDevice>& devices);

    /// As well as it goes: names, addresses and whether they were up; not routes.
    void give_back() noexcept;

private:
    struct Moved {
        int index = 0;  // there
        std::string host_name;
        bool was_up = false;
    };

    sys::UniqueFd home_;
    sys::UniqueFd netns_;
    sys::RouteSocket here_;
    sys::RouteSocket there_;
    std::vector<Moved> moved_;
};

/// The addresses a device keeps: permanent and of global scope. Pure.
[[nodiscard]] std::vector<sys::InterfaceAddress> kept_addresses(
    std::vector<sys::InterfaceAddress> addresses
);

}  // namespace corun::container
