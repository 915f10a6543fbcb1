// How the calling process is scheduled: CPU policy and affinity, I/O priority, NUMA memory policy,
// and its execution domain. Used by the child between clone3 and exec.
#pragma once

#include <cstdint>
#include <vector>

namespace corun::sys {

/// sched_setattr(2); times in nanoseconds.
struct SchedulingAttributes {
    std::uint32_t policy = 0;  // SCHED_*
    std::uint64_t flags = 0;   // SCHED_FLAG_*
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime_ns = 0;
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
};

void sched_setattr(const SchedulingAttributes& attributes);

/// sched_setaffinity(2) by bit mask: bit n of word w is CPU w * (bits of a word) + n.
void sched_setaffinity(const std::vector<unsigned long>& mask);

/// ioprio_set(2) on this process; `value` is class << 13 | level.
void ioprio_set(int value);

/// set_mempolicy(2): MPOL_* with mode flags; the mask may be empty where the mode needs none.
void set_mempolicy(int mode, const std::vector<unsigned long>& node_mask);

void personality(unsigned long persona);

}  // namespace corun::sys
