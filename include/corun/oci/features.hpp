// features.json: what this build understands, whatever the host can do.
// Pure: lists come from the tables the parser uses, the rest from facts of the build.
#pragma once

#include "corun/oci/spec.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace corun::oci {

/// What the tables of this layer cannot know.
struct FeatureFacts {
    bool systemd_cgroup = false;
    bool systemd_user_cgroup = false;
    bool rdma = false;
    bool seccomp = false;
    /// Names as in config.json (`SCMP_ARCH_X86_64`); those the linked libseccomp can resolve.
    std::vector<std::string> seccomp_architectures;
    /// SECCOMP_FILTER_FLAG_* bits that kernel and libseccomp support.
    std::uint32_t seccomp_supported_flags = 0;
    bool apparmor = false;
    bool selinux = false;
    bool intel_rdt = false;
    bool memory_policy = false;
    bool idmapped_mounts = false;
    bool net_devices = false;
    /// Versions of the runtime and its libraries, and extensions.
    StringMap annotations;
    /// Annotations of config.json that untrusted callers should not be let choose; `x.` is a
    /// prefix.
    std::vector<std::string> unsafe_annotations;
};

/// Indented by four blanks, without a newline at the end; runtime-spec 1.3 features.md.
[[nodiscard]] std::string features_json(const FeatureFacts& facts);

}  // namespace corun::oci
