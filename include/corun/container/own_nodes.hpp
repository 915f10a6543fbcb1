// Device nodes for a container that may make none: mknod(2) is forbidden in a user namespace. The
// host makes each in a file system of its own, of which the container gets to see only the node
// itself, by a bind mount. Parent side, as the host's root; what is made vanishes with its last
// descriptor and mount.
#pragma once

#include "corun/oci/spec.hpp"
#include "corun/setup/plan.hpp"
#include "corun/sys/fd.hpp"

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace corun::container {

/// The host's id for `id` of the container; none: it is not mapped.
[[nodiscard]] std::optional<std::uint32_t> host_id(
    const std::vector<oci::IdMapping>& mappings, std::uint32_t id
);

/// A node of the host has the type and number of `device`, and what mode and owner it asks for.
[[nodiscard]] bool is_as_asked(
    const struct stat& found, const oci::Device& device, const oci::Linux& config
);

/// A detached mount of a new node. Nothing where the config's mappings lack its owner.
[[nodiscard]] std::optional<sys::UniqueFd> try_make_own_node(
    const setup::DevicePlan& node, const oci::Linux& config
);

}  // namespace corun::container
