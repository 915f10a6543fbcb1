// Names of sysctls: their two spellings, and which namespace owns which. Pure text.
#pragma once

#include "corun/oci/spec.hpp"

#include <string>
#include <string_view>

namespace corun::oci {

/// As sysctl(8) reads a name: where '/' comes first it separates the parts and a '.' is part of a
/// name; the two change places. `net/ipv4/conf/eth0.1/forwarding` is
/// `net.ipv4.conf.eth0/1.forwarding`.
[[nodiscard]] std::string dotted_sysctl(std::string_view name);

/// The file below /proc/sys of a dotted name: `net/ipv4/ip_forward`.
[[nodiscard]] std::string sysctl_path(std::string_view dotted);

/// Whether the dotted name leads to a file below /proc/sys: no part is empty, `.` or `..` there.
[[nodiscard]] bool is_sysctl_name(std::string_view dotted);

struct SysctlOwner {
    NamespaceKind kind;
    std::string_view name;
};

/// The namespace that has this sysctl for itself; null: it is the host's.
[[nodiscard]] const SysctlOwner* find_sysctl_owner(std::string_view dotted);

}  // namespace corun::oci
