// Scheduling calls, most of which glibc 2.36 does not wrap.
#include "corun/sys/scheduling.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <climits>

#include <linux/sched/types.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace corun::sys {

namespace {

// linux/ioprio.h names a parameter `class`, so that C++ cannot include it.
constexpr int kWhoProcess = 1;
constexpr int kClassShift = 13;
constexpr int kLevelMask = (1 << kClassShift) - 1;

}  // namespace

void sched_setattr(const SchedulingAttributes& attributes) {
    struct sched_attr kernel_attributes = {};
    kernel_attributes.size = sizeof kernel_attributes;
    kernel_attributes.sched_policy = attributes.policy;
    kernel_attributes.sched_flags = attributes.flags;
    kernel_attributes.sched_nice = attributes.nice;
    kernel_attributes.sched_priority = attributes.priority;
    kernel_attributes.sched_runtime = attributes.runtime_ns;
    kernel_attributes.sched_deadline = attributes.deadline_ns;
    kernel_attributes.sched_period = attributes.period_ns;
    if (::syscall(SYS_sched_setattr, 0, &kernel_attributes, 0U) < 0) {
        throw_errno(concat(
            "sched_setattr(policy ",
            attributes.policy,
            ", nice ",
            attributes.nice,
            ", priority ",
            attributes.priority,
            ")"
        ));
    }
}

void sched_setaffinity(const std::vector<unsigned long>& mask) {
    if (::syscall(SYS_sched_setaffinity, 0, mask.size() * sizeof(unsigned long), mask.data()) < 0) {
        throw_errno("sched_setaffinity");
    }
}

void ioprio_set(int value) {
    if (::syscall(SYS_ioprio_set, kWhoProcess, 0, value) < 0) {
        throw_errno(
            concat("ioprio_set(class ", value >> kClassShift, ", level ", value & kLevelMask, ")")
        );
    }
}

void set_mempolicy(int mode, const std::vector<unsigned long>& node_mask) {
    constexpr std::size_t kWordBits = sizeof(unsigned long) * CHAR_BIT;
    // The kernel reads one bit less than it is told of (get_nodes() in mm/mempolicy.c).
    const std::size_t max_node = node_mask.empty() ? 0 : node_mask.size() * kWordBits + 1;
    const unsigned long* nodes = node_mask.empty() ? nullptr : node_mask.data();
    if (::syscall(SYS_set_mempolicy, mode, nodes, max_node) < 0) {
        throw_errno(concat("set_mempolicy(", mode, ")"));
    }
}

void personality(unsigned long persona) {
    if (::personality(persona) < 0) {
        throw_errno(concat("personality(", persona, ")"));
    }
}

}  // namespace corun::sys
