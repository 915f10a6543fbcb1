// The seccomp agent's socket. Parent side.
#include "corun/container/seccomp_listener.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/socket.hpp"

#include <cerrno>

namespace corun::container {

sys::UniqueFd connect_seccomp_listener(const oci::Seccomp& profile) {
    if (profile.listener_path.empty()) {
        throw Error("/linux/seccomp/listenerPath: SCMP_ACT_NOTIFY needs a listener", EINVAL);
    }
    return in_context(
        [] { return "/linux/seccomp/listenerPath"; },
        [&] { return sys::connect_stream(profile.listener_path); }
    );
}

}  // namespace corun::container
