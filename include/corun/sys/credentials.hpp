// User and group ids, capabilities and securebits of the calling process.
// Capability sets are 64-bit masks by capability number. Used by the child between clone3 and exec.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace corun::sys {

void setgroups(const std::vector<gid_t>& groups);

/// False if that is not permitted (EPERM).
[[nodiscard]] bool try_setgroups(const std::vector<gid_t>& groups);

/// Real, effective and saved id.
void setresgid(gid_t gid);
void setresuid(uid_t uid);

/// The three sets of capget(2) and capset(2).
struct CapabilitySets {
    std::uint64_t effective = 0;
    std::uint64_t permitted = 0;
    std::uint64_t inheritable = 0;

    friend bool operator==(const CapabilitySets&, const CapabilitySets&) = default;
};

[[nodiscard]] CapabilitySets capget();
void capset(const CapabilitySets& sets);

/// As capset(), but the errno (0: none) is returned; allocates nothing.
[[nodiscard]] int capset_errno(const CapabilitySets& sets) noexcept;

/// Those of `asked` that are in the bounding set.
[[nodiscard]] std::uint64_t bounded(std::uint64_t asked);

/// Takes all but `kept` out of the bounding set; needs CAP_SETPCAP if there is any to take out.
void limit_bounding_set(std::uint64_t kept);

void clear_ambient_set();

/// prctl(PR_CAP_AMBIENT_RAISE): `capability` must be permitted and inheritable.
void raise_ambient(unsigned capability);

/// PR_SET_KEEPCAPS(2const): permitted capabilities survive a change of all uids from 0. Off after
/// exec.
void set_keep_capabilities(bool keep);

/// "CAP_SYS_ADMIN"; "CAP_63" for a number without a name.
[[nodiscard]] std::string capability_name(unsigned capability);

}  // namespace corun::sys
