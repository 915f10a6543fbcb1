// What systemd is told about a container: a unit's properties from linux.resources and from
// annotations. Pure. The same limits are also written to the cgroup's files (container/cgroup):
// systemd has no name for some, rounds others, and would undo what it was not told at its next
// reload.
#pragma once

#include "corun/container/dbus_value.hpp"
#include "corun/oci/spec.hpp"

#include <string_view>
#include <vector>

namespace corun::container {

/// `resources` but the devices, as properties of a unit, for systemd `version` (252). Includes what
/// `unified` overrules. What systemd has no property for is left to the cgroup's files.
[[nodiscard]] std::vector<UnitProperty> limit_properties(
    const oci::Resources& resources, unsigned version
);

/// DevicePolicy and DeviceAllow: at least what `rules` allow, and after them
/// default_device_rules(). What no list of systemd's can say (an exception from a wider rule) it
/// allows: the exact filter is the one of Cgroup::apply_devices, and both must agree to an access.
[[nodiscard]] std::vector<UnitProperty> device_properties(const std::vector<oci::DeviceRule>& rules
);

inline constexpr std::string_view kPropertyAnnotation = "org.systemd.property.";

/// The annotations `org.systemd.property.NAME`, values in GVariant's text form; `…Sec` becomes
/// `…USec`. NAME must be on a list of harmless ones: an annotation often comes from somebody who
/// may start containers and nothing else on the host. (CVE-2024-3154: ExecStartPre)
[[nodiscard]] std::vector<UnitProperty> annotation_properties(const oci::StringMap& annotations);

/// The number in a version of systemd's: "252.38-1~deb12u1", "v255", "254~rc1" → 252, 255, 254;
/// 0 if there is none.
[[nodiscard]] unsigned parse_systemd_version(std::string_view text);

}  // namespace corun::container
