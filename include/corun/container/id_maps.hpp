// uid_map, gid_map and setgroups of a new user namespace, and other files of /proc/PID that the
// parent writes. Parent side; where it lacks the privilege, newuidmap and newgidmap help.
#pragma once

#include "corun/async/task.hpp"
#include "corun/oci/spec.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace corun::container {

/// What becomes of setgroups(2) in the new namespace. `automatic`: it is denied only where the
/// kernel demands it, for a single group mapped without privileges. user_namespaces(7)
enum class SetgroupsPolicy { automatic, deny };

/// Writes the maps of `pid`, a child of ours that waits and is not reaped.
async::Task<> write_id_maps(
    pid_t pid,
    std::vector<oci::IdMapping> uids,
    std::vector<oci::IdMapping> gids,
    SetgroupsPolicy policy = SetgroupsPolicy::automatic
);

/// `0 100000 65536\n` a row: the text of uid_map and gid_map.
[[nodiscard]] std::string id_map_text(const std::vector<oci::IdMapping>& mappings);

/// `monotonic 1 0\nboottime 2 500\n`: the text of /proc/PID/timens_offsets; empty: no offsets.
[[nodiscard]] std::string time_offsets_text(const oci::TimeOffsets& offsets);

/// Writes /proc/PID/oom_score_adj: -1000 to 1000. Lowering it takes CAP_SYS_RESOURCE.
void write_oom_score_adj(pid_t pid, int value);

}  // namespace corun::container
