// Which addresses go along with a network device, and who may move one.
#include "corun/container/net_devices.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <linux/rtnetlink.h>

using namespace corun;
using namespace corun::container;

TEST_CASE("net devices: permanent addresses of global scope are kept") {
    const sys::InterfaceAddress kept{.scope = RT_SCOPE_UNIVERSE, .flags = IFA_F_PERMANENT};
    const sys::InterfaceAddress leased{.scope = RT_SCOPE_UNIVERSE, .flags = 0};
    const sys::InterfaceAddress link_local{.scope = RT_SCOPE_LINK, .flags = IFA_F_PERMANENT};

    CHECK(
        kept_addresses({leased, kept, link_local, kept}) ==
        std::vector<sys::InterfaceAddress>{kept, kept}
    );
}

TEST_CASE("net devices: only root on the host moves them") {
    oci::Linux config;
    CHECK_NOTHROW(check_net_devices(config, true));

    config.net_devices.push_back({.host_name = "eth0", .name = ""});

    CHECK_NOTHROW(check_net_devices(config, false));
    CHECK_THROWS_WITH_AS(
        check_net_devices(config, true),
        "/linux/netDevices: only root on the host can move network devices: "
        "Operation not permitted (EPERM)",
        Error
    );
}

TEST_CASE("net devices: a namespace that is the host's own takes none") {
    CHECK_THROWS_WITH_AS(
        NetDeviceMover(sys::open("/proc/self/ns/net", O_RDONLY)),
        "/linux/netDevices: the container's network namespace is the host's",
        Error
    );
}
