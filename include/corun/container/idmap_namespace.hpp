// A user namespace that exists only to carry id mappings for mount_setattr(MOUNT_ATTR_IDMAP).
// Parent side; needs root on the host.
#pragma once

#include "corun/oci/spec.hpp"
#include "corun/sys/fd.hpp"

#include <vector>

namespace corun::container {

/// A descriptor of a new user namespace with these mappings; it lives as long as the descriptor.
[[nodiscard]] sys::UniqueFd make_idmap_namespace(
    const std::vector<oci::IdMapping>& uids, const std::vector<oci::IdMapping>& gids
);

}  // namespace corun::container
