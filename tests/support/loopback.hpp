// Whether the loopback interface of the caller's network namespace is up.
#pragma once

#include "corun/sys/fd.hpp"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <net/if.h>

namespace corun::test {

[[nodiscard]] inline bool loopback_is_up() {
    const sys::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    struct ifreq request = {.ifr_ifrn = {"lo"}, .ifr_ifru = {}};
    return ::ioctl(socket.ref().number(), SIOCGIFFLAGS, &request) == 0 &&
           (request.ifr_flags & IFF_UP) != 0;
}

}  // namespace corun::test
