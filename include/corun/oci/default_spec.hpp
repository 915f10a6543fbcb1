// The config.json that `spec` writes: a shell in a read-only rootfs, the same as runc's.
// Pure; runs in the parent.
#pragma once

#include <cstdint>
#include <string>

namespace corun::oci {

/// Indented by tabs, without a newline at the end.
[[nodiscard]] std::string default_spec_json();

/// The same for a caller without privileges: a user namespace that maps only root to the caller's
/// ids, the host's network, /sys bound from the host, no gid= in mounts and no resources.
[[nodiscard]] std::string rootless_spec_json(std::uint32_t uid, std::uint32_t gid);

}  // namespace corun::oci
