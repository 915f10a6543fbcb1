// The seccomp agent's socket. Parent side: connected before the container's process exists, as the
// path is the host's.
#pragma once

#include "corun/oci/spec.hpp"
#include "corun/sys/fd.hpp"

namespace corun::container {

/// Connects to /linux/seccomp/listenerPath, or to what run.oci.seccomp.receiver names; the child
/// sends the notify descriptor over it. Throws if no path is given or nobody listens there.
/// runtime-spec config-linux#seccomp
[[nodiscard]] sys::UniqueFd connect_seccomp_listener(
    const oci::Seccomp& profile, const oci::StringMap& annotations
);

}  // namespace corun::container
