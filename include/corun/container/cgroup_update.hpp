// What an update of limits needs beyond those of a new cgroup: the limits in force, with which some
// of the new ones belong together, and the way back. Parent side.
#pragma once

#include "corun/container/cgroup_limits.hpp"
#include "corun/oci/spec.hpp"
#include "corun/sys/fd.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace corun::container {

/// The old values that new ones are combined with.
struct LimitsInForce {
    /// Nothing: no quota, or no controller.
    std::optional<std::int64_t> cpu_quota_us;
    /// Bytes; -1: unlimited, or no controller.
    std::int64_t memory_bytes = -1;
    /// Record::memory_and_swap.
    std::int64_t memory_and_swap_bytes = 0;
};

/// Reads what the cgroup knows.
[[nodiscard]] LimitsInForce limits_in_force(sys::FdRef cgroup, std::int64_t memory_and_swap_bytes);

/// `asked` with what it leaves to the old values: a period keeps the quota (a quota keeps the
/// period by itself); a limit of memory keeps the sum of memory and swap, as cgroup v1 does; a
/// limit of that sum keeps the memory's. Without devices: an update leaves them alone. Pure.
[[nodiscard]] oci::Resources complete_update(oci::Resources asked, const LimitsInForce& now);

/// limit_writes() of completed resources, in an order that never has less memory and swap together
/// than both the old limits and the new ones: growing memory comes before shrinking swap. Pure.
[[nodiscard]] std::vector<LimitWrite> update_writes(
    const oci::Resources& completed, const LimitsInForce& now
);

/// What to write, in that order, to take `writes` back: what the files say now. Leaves out files
/// that do not exist.
[[nodiscard]] std::vector<LimitWrite> writes_to_restore(
    sys::FdRef cgroup, const std::vector<LimitWrite>& writes
);

/// Pure part of writes_to_restore(): the write that makes `file`, which says `text`, say so again
/// after `value` was written to it. Files such as io.max have a line per device.
[[nodiscard]] LimitWrite write_to_restore(
    std::string_view file, std::string_view text, std::string_view value
);

}  // namespace corun::container
