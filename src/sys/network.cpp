// Network interfaces, by the ioctls of netdevice(7). Child side, in the container's namespace.
#include "corun/sys/network.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/fd.hpp"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <net/if.h>

namespace corun::sys {

void bring_interface_up(const std::string& name) {
    // Any socket carries these ioctls; this kind needs no protocol in the kernel.
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) {
        throw_errno("socket");
    }
    struct ifreq request = {};
    if (name.copy(request.ifr_name, sizeof request.ifr_name - 1) != name.size()) {
        throw_errno_value(ENAMETOOLONG, "ioctl(SIOCGIFFLAGS)", name);
    }
    if (::ioctl(socket.ref().number(), SIOCGIFFLAGS, &request) < 0) {
        throw_errno("ioctl(SIOCGIFFLAGS)", name);
    }
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    if (::ioctl(socket.ref().number(), SIOCSIFFLAGS, &request) < 0) {
        throw_errno("ioctl(SIOCSIFFLAGS)", name);
    }
}

}  // namespace corun::sys
