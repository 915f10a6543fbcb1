// Network interfaces handed over to a container. Parent side.
#include "corun/container/net_devices.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace corun::container {

namespace {

constexpr std::string_view kPointer = "/linux/netDevices";

const sys::Interface* find_by_name(
    const std::vector<sys::Interface>& interfaces, std::string_view name
) {
    const auto found =
        std::find_if(interfaces.begin(), interfaces.end(), [&](const sys::Interface& one) {
            return one.name == name;
        });
    return found == interfaces.end() ? nullptr : &*found;
}

const std::string& name_inside(const oci::NetDevice& device) {
    return device.name.empty() ? device.host_name : device.name;
}

bool is_template(std::string_view name) {
    return name.find('%') != std::string_view::npos;
}

/// The device here that can become one there, as far as can be seen beforehand.
const sys::Interface& check_move(
    const oci::NetDevice& device,
    const std::vector<sys::Interface>& here,
    const std::vector<sys::Interface>& there
) {
    const sys::Interface* source = find_by_name(here, device.host_name);
    if (source == nullptr) {
        throw Error("no such network device on the host", ENODEV);
    }
    const std::string& name = name_inside(device);
    if (!is_template(name) && find_by_name(there, name) != nullptr) {
        throw Error(concat("the container has a network device ", quote(name), " already"), EEXIST);
    }
    return *source;
}

/// The one that is in `after` and was not in `before`: the kernel may have changed name and index.
sys::Interface find_new(
    const std::vector<sys::Interface>& before, const std::vector<sys::Interface>& after
) {
    for (const sys::Interface& candidate : after) {
        const bool was_there =
            std::any_of(before.begin(), before.end(), [&](const sys::Interface& one) {
                return one.index == candidate.index;
            });
        if (!was_there) {
            return candidate;
        }
    }
    throw Error("the network device did not arrive", ENODEV);
}

/// Its index in the namespace `netns`, which is that of the socket `to`.
int relocate(
    int index,
    sys::RouteSocket& from,
    sys::RouteSocket& to,
    sys::FdRef netns,
    const std::string& name
) {
    const std::vector<sys::InterfaceAddress> addresses = kept_addresses(from.addresses_of(index));
    const std::vector<sys::Interface> before = to.interfaces();
    from.move(index, netns, name);
    const int arrived = find_new(before, to.interfaces()).index;
    for (const sys::InterfaceAddress& address : addresses) {
        to.add_address(arrived, address);
    }
    return arrived;
}

sys::UniqueFd own_namespace() {
    return sys::open("/proc/self/ns/net", O_RDONLY);
}

sys::UniqueFd require_another(sys::UniqueFd netns, sys::FdRef own) {
    const struct stat a = sys::fstat(own);
    const struct stat b = sys::fstat(netns);
    if (a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
        throw Error(concat(kPointer, ": the container's network namespace is the host's"));
    }
    return netns;
}

std::string pointer_to(std::string_view host_name) {
    return concat(kPointer, "/", host_name);
}

}  // namespace

void check_net_devices(const oci::Linux& config, bool rootless) {
    if (rootless && !config.net_devices.empty()) {
        throw Error(concat(kPointer, ": only root on the host can move network devices"), EPERM);
    }
}

NetDeviceMover::NetDeviceMover(sys::UniqueFd netns)
    : home_(own_namespace()),
      netns_(require_another(std::move(netns), home_)),
      there_(netns_.ref()) {}

void NetDeviceMover::move(const std::vector<oci::NetDevice>& devices) {
    const std::vector<sys::Interface> host_interfaces = here_.interfaces();
    std::vector<sys::Interface> taken = there_.interfaces();
    std::vector<sys::Interface> sources;
    for (const oci::NetDevice& device : devices) {
        in_context(
            [&] { return pointer_to(device.host_name); },
            [&] { sources.push_back(check_move(device, host_interfaces, taken)); }
        );
    }
    for (std::size_t i = 0; i < devices.size(); ++i) {
        in_context(
            [&] { return pointer_to(devices[i].host_name); },
            [&] {
                const int index =
                    relocate(sources[i].index, here_, there_, netns_, name_inside(devices[i]));
                moved_.push_back({index, devices[i].host_name, sources[i].up});
                there_.set_up(index);
            }
        );
    }
}

void NetDeviceMover::give_back() noexcept {
    for (const Moved& device : moved_) {
        try {
            const int index = relocate(device.index, there_, here_, home_, device.host_name);
            if (device.was_up) {
                here_.set_up(index);
            }
        } catch (...) {  // NOLINT(bugprone-empty-catch): the error to be told is the first one
        }
    }
    moved_.clear();
}

std::vector<sys::InterfaceAddress> kept_addresses(std::vector<sys::InterfaceAddress> addresses) {
    std::erase_if(addresses, [](const sys::InterfaceAddress& address) {
        return (address.flags & IFA_F_PERMANENT) == 0 || address.scope != RT_SCOPE_UNIVERSE;
    });
    return addresses;
}

}  // namespace corun::container
