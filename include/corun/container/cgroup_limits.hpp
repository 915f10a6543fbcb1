// linux.resources as writes to cgroup2 files. Pure: no system call, no access to a cgroup; the
// values of cgroup v1, in which the specification thinks, become those of version 2.
// Zero means "not set" throughout, as in runc: docker's update sends zeros for what it leaves
// alone.
#pragma once

#include "corun/container/cgroup_controllers.hpp"
#include "corun/oci/problems.hpp"
#include "corun/oci/spec.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

/// One write(2) to a file of a cgroup.
struct LimitWrite {
    /// A failure that is an answer.
    enum class Tolerated {
        nothing,
        /// ENOENT: where the file is missing the value says nothing new.
        absence,
        /// EINVAL: a later write makes the value acceptable, and this one is then repeated.
        refusal,
    };

    /// JSON pointer of what asks for it.
    std::string property;
    std::string file;
    std::string value;
    Tolerated tolerated = Tolerated::nothing;
    /// Where `file` does not exist this one is written instead; empty: no alternative.
    std::string other_file = {};
    std::string other_value = {};

    bool operator==(const LimitWrite&) const = default;
};

/// What `resources` demands, in the order to write it; empty if no limit is set. Leaves out
/// devices. Throws Error with the JSON pointer for what version 2 cannot do and for values that
/// contradict each other. A CPU period without a quota means no quota.
[[nodiscard]] std::vector<LimitWrite> limit_writes(const oci::Resources& resources);

/// The same, with every property that cannot be had; they are left out.
[[nodiscard]] std::vector<LimitWrite> limit_writes(
    const oci::Resources& resources, oci::Problems& problems
);

/// The controllers those files belong to, each once, with the first property that needs it.
[[nodiscard]] std::vector<NeededController> controllers_for(const std::vector<LimitWrite>& writes);

/// True if checkBeforeUpdate wants the current usage looked at.
[[nodiscard]] bool wants_usage_check(const oci::MemoryResources& memory);

/// Throws if a limit is not above `usage_bytes` (memory.current): the kernel would kill to reach
/// it. (config-linux#memory, checkBeforeUpdate)
void check_usage(const oci::MemoryResources& memory, std::uint64_t usage_bytes);

/// cpu.shares (2 to 262144, beyond: clamped) to cpu.weight (1 to 10000), the quadratic curve
/// through both ends and 1024 → 100, as crun since 1.23 and runc since 1.3.2. 0 → 0 (unset).
[[nodiscard]] std::uint64_t cpu_weight_of_shares(std::uint64_t shares);

/// blkio.weight (10 to 1000) to io.weight (1 to 10000), linear.
[[nodiscard]] std::uint64_t io_weight_of_blkio_weight(std::uint16_t weight);

/// memory.swap.max for `memory`, whose swap is the sum of both; nothing if it stays unset.
[[nodiscard]] std::optional<std::string> swap_max(const oci::MemoryResources& memory);

/// `2MB`, `1GB`, `64KB`: as the kernel names its hugetlb files.
[[nodiscard]] bool is_huge_page_size(std::string_view text);

}  // namespace corun::container
