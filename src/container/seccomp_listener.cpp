// The seccomp agent's socket. Parent side.
#include "corun/container/seccomp_listener.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/crun_annotations.hpp"
#include "corun/sys/socket.hpp"

#include <cerrno>
#include <optional>
#include <string>

namespace corun::container {

sys::UniqueFd connect_seccomp_listener(
    const oci::Seccomp& profile, const oci::StringMap& annotations
) {
    if (const std::optional<std::string> receiver =
            find_path_annotation(annotations, kSeccompReceiver)) {
        return in_context(
            [] { return concat("/annotations/", kSeccompReceiver); },
            [&] { return sys::connect_stream(*receiver); }
        );
    }
    if (profile.listener_path.empty()) {
        throw Error("/linux/seccomp/listenerPath: SCMP_ACT_NOTIFY needs a listener", EINVAL);
    }
    return in_context(
        [] { return "/linux/seccomp/listenerPath: failed to connect with seccomp agent"; },
        [&] { return sys::connect_stream(profile.listener_path); }
    );
}

}  // namespace corun::container
