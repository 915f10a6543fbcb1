// The `mounts` section and id mappings; config.md#mounts, config-linux.md#user-namespace-mappings.
// Runs in the parent; pure. What the option words mean is mount_options' business.
#include "corun/oci/read_sections.hpp"

namespace corun::oci {

void read_value(JsonValue value, IdMapping& out) {
    read_required(value, "containerID", out.container_id);
    read_required(value, "hostID", out.host_id);
    read_required(value, "size", out.size);
    // Id 2^32 - 1 means "unchanged" to chown(2) and cannot be mapped; user_namespaces(7).
    const std::uint32_t limit = std::numeric_limits<std::uint32_t>::max();
    if (out.size == 0) {
        value.require("size").fail("must not be 0");
    }
    if (out.size > limit - out.container_id || out.size > limit - out.host_id) {
        value.fail("the range of ids ends beyond 4294967294");
    }
}

void read_value(JsonValue value, Mount& out) {
    out.destination = read_filled(value.require("destination"));
    read_optional(value, "type", out.type);
    read_optional(value, "source", out.source);
    read_optional(value, "options", out.options);
    read_optional(value, "uidMappings", out.uid_mappings);
    read_optional(value, "gidMappings", out.gid_mappings);
}

}  // namespace corun::oci
