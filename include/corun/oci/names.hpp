// The words the spec uses for closed sets, and what they stand for: one table per set, read by the
// parser and printed by features.json. Pure data, no code beyond the lookup.
#pragma once

#include "corun/oci/spec.hpp"

#include <sys/resource.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace corun::oci {

template <class T>
struct Named {
    std::string_view name;
    T value;
};

/// The value behind a name; nothing if the table does not have it.
template <class T>
[[nodiscard]] constexpr std::optional<T> find_name(
    std::span<const Named<T>> table, std::string_view name
) {
    for (const Named<T>& row : table) {
        if (row.name == name) {
            return row.value;
        }
    }
    return std::nullopt;
}

// Sorted by name where features.json prints them.

inline constexpr std::array kNamespaceNames{
    Named<NamespaceKind>{"cgroup", NamespaceKind::cgroup},
    Named<NamespaceKind>{"ipc", NamespaceKind::ipc},
    Named<NamespaceKind>{"mount", NamespaceKind::mount},
    Named<NamespaceKind>{"network", NamespaceKind::network},
    Named<NamespaceKind>{"pid", NamespaceKind::pid},
    Named<NamespaceKind>{"time", NamespaceKind::time},
    Named<NamespaceKind>{"user", NamespaceKind::user},
    Named<NamespaceKind>{"uts", NamespaceKind::uts},
};

/// getrlimit(2).
inline constexpr std::array kRlimitNames{
    Named<int>{"RLIMIT_AS", RLIMIT_AS},
    Named<int>{"RLIMIT_CORE", RLIMIT_CORE},
    Named<int>{"RLIMIT_CPU", RLIMIT_CPU},
    Named<int>{"RLIMIT_DATA", RLIMIT_DATA},
    Named<int>{"RLIMIT_FSIZE", RLIMIT_FSIZE},
    Named<int>{"RLIMIT_LOCKS", RLIMIT_LOCKS},
    Named<int>{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    Named<int>{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    Named<int>{"RLIMIT_NICE", RLIMIT_NICE},
    Named<int>{"RLIMIT_NOFILE", RLIMIT_NOFILE},
    Named<int>{"RLIMIT_NPROC", RLIMIT_NPROC},
    Named<int>{"RLIMIT_RSS", RLIMIT_RSS},
    Named<int>{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    Named<int>{"RLIMIT_RTTIME", RLIMIT_RTTIME},
    Named<int>{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    Named<int>{"RLIMIT_STACK", RLIMIT_STACK},
};

/// capabilities(7); the index is the capability's number.
inline constexpr std::array<std::string_view, 41> kCapabilityNames{
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

/// The capability's number; nothing if this build does not know the name.
[[nodiscard]] constexpr std::optional<unsigned> find_capability(std::string_view name) {
    for (std::size_t number = 0; number < kCapabilityNames.size(); ++number) {
        if (kCapabilityNames[number] == name) {
            return static_cast<unsigned>(number);
        }
    }
    return std::nullopt;
}

inline constexpr std::array kSchedulerPolicyNames{
    Named<SchedulerPolicy>{"SCHED_BATCH", SchedulerPolicy::batch},
    Named<SchedulerPolicy>{"SCHED_DEADLINE", SchedulerPolicy::deadline},
    Named<SchedulerPolicy>{"SCHED_FIFO", SchedulerPolicy::fifo},
    Named<SchedulerPolicy>{"SCHED_IDLE", SchedulerPolicy::idle},
    Named<SchedulerPolicy>{"SCHED_ISO", SchedulerPolicy::iso},
    Named<SchedulerPolicy>{"SCHED_OTHER", SchedulerPolicy::other},
    Named<SchedulerPolicy>{"SCHED_RR", SchedulerPolicy::rr},
};

/// linux/sched.h.
inline constexpr std::array kSchedulerFlagNames{
    Named<std::uint64_t>{"SCHED_FLAG_DL_OVERRUN", 0x04},
    Named<std::uint64_t>{"SCHED_FLAG_KEEP_PARAMS", 0x10},
    Named<std::uint64_t>{"SCHED_FLAG_KEEP_POLICY", 0x08},
    Named<std::uint64_t>{"SCHED_FLAG_RECLAIM", 0x02},
    Named<std::uint64_t>{"SCHED_FLAG_RESET_ON_FORK", 0x01},
    Named<std::uint64_t>{"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
    Named<std::uint64_t>{"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
};

inline constexpr std::array kIoPriorityClassNames{
    Named<IoPriorityClass>{"IOPRIO_CLASS_BE", IoPriorityClass::best_effort},
    Named<IoPriorityClass>{"IOPRIO_CLASS_IDLE", IoPriorityClass::idle},
    Named<IoPriorityClass>{"IOPRIO_CLASS_RT", IoPriorityClass::realtime},
};

inline constexpr std::array kDeviceTypeNames{
    Named<DeviceType>{"b", DeviceType::block},
    Named<DeviceType>{"c", DeviceType::character},
    Named<DeviceType>{"p", DeviceType::fifo},
    Named<DeviceType>{"u", DeviceType::character},
};

inline constexpr std::array kCgroupDeviceTypeNames{
    Named<CgroupDeviceType>{"a", CgroupDeviceType::all},
    Named<CgroupDeviceType>{"b", CgroupDeviceType::block},
    Named<CgroupDeviceType>{"c", CgroupDeviceType::character},
};

/// linux/personality.h: PER_LINUX, PER_LINUX32.
inline constexpr std::array kPersonalityNames{
    Named<std::uint32_t>{"LINUX", 0x0000},
    Named<std::uint32_t>{"LINUX32", 0x0008},
};

inline constexpr std::array kMemoryPolicyModeNames{
    Named<MemoryPolicyMode>{"MPOL_BIND", MemoryPolicyMode::bind},
    Named<MemoryPolicyMode>{"MPOL_DEFAULT", MemoryPolicyMode::default_},
    Named<MemoryPolicyMode>{"MPOL_INTERLEAVE", MemoryPolicyMode::interleave},
    Named<MemoryPolicyMode>{"MPOL_LOCAL", MemoryPolicyMode::local},
    Named<MemoryPolicyMode>{"MPOL_PREFERRED", MemoryPolicyMode::preferred},
    Named<MemoryPolicyMode>{"MPOL_PREFERRED_MANY", MemoryPolicyMode::preferred_many},
    Named<MemoryPolicyMode>{"MPOL_WEIGHTED_INTERLEAVE", MemoryPolicyMode::weighted_interleave},
};

/// linux/mempolicy.h.
inline constexpr std::array kMemoryPolicyFlagNames{
    Named<std::uint32_t>{"MPOL_F_NUMA_BALANCING", 1U << 13},
    Named<std::uint32_t>{"MPOL_F_RELATIVE_NODES", 1U << 14},
    Named<std::uint32_t>{"MPOL_F_STATIC_NODES", 1U << 15},
};

inline constexpr std::array kSeccompActionNames{
    Named<SeccompAction>{"SCMP_ACT_ALLOW", SeccompAction::allow},
    Named<SeccompAction>{"SCMP_ACT_ERRNO", SeccompAction::errno_},
    Named<SeccompAction>{"SCMP_ACT_KILL", SeccompAction::kill_thread},
    Named<SeccompAction>{"SCMP_ACT_KILL_PROCESS", SeccompAction::kill_process},
    Named<SeccompAction>{"SCMP_ACT_KILL_THREAD", SeccompAction::kill_thread},
    Named<SeccompAction>{"SCMP_ACT_LOG", SeccompAction::log},
    Named<SeccompAction>{"SCMP_ACT_NOTIFY", SeccompAction::notify},
    Named<SeccompAction>{"SCMP_ACT_TRACE", SeccompAction::trace},
    Named<SeccompAction>{"SCMP_ACT_TRAP", SeccompAction::trap},
};

inline constexpr std::array kSeccompOperatorNames{
    Named<SeccompOperator>{"SCMP_CMP_EQ", SeccompOperator::equal},
    Named<SeccompOperator>{"SCMP_CMP_GE", SeccompOperator::greater_equal},
    Named<SeccompOperator>{"SCMP_CMP_GT", SeccompOperator::greater_than},
    Named<SeccompOperator>{"SCMP_CMP_LE", SeccompOperator::less_equal},
    Named<SeccompOperator>{"SCMP_CMP_LT", SeccompOperator::less_than},
    Named<SeccompOperator>{"SCMP_CMP_MASKED_EQ", SeccompOperator::masked_equal},
    Named<SeccompOperator>{"SCMP_CMP_NE", SeccompOperator::not_equal},
};

/// The value is libseccomp's name; of those a library may not know the newest.
inline constexpr std::array kSeccompArchNames{
    Named<std::string_view>{"SCMP_ARCH_AARCH64", "aarch64"},
    Named<std::string_view>{"SCMP_ARCH_ARM", "arm"},
    Named<std::string_view>{"SCMP_ARCH_LOONGARCH64", "loongarch64"},
    Named<std::string_view>{"SCMP_ARCH_M68K", "m68k"},
    Named<std::string_view>{"SCMP_ARCH_MIPS", "mips"},
    Named<std::string_view>{"SCMP_ARCH_MIPS64", "mips64"},
    Named<std::string_view>{"SCMP_ARCH_MIPS64N32", "mips64n32"},
    Named<std::string_view>{"SCMP_ARCH_MIPSEL", "mipsel"},
    Named<std::string_view>{"SCMP_ARCH_MIPSEL64", "mipsel64"},
    Named<std::string_view>{"SCMP_ARCH_MIPSEL64N32", "mipsel64n32"},
    Named<std::string_view>{"SCMP_ARCH_PARISC", "parisc"},
    Named<std::string_view>{"SCMP_ARCH_PARISC64", "parisc64"},
    Named<std::string_view>{"SCMP_ARCH_PPC", "ppc"},
    Named<std::string_view>{"SCMP_ARCH_PPC64", "ppc64"},
    Named<std::string_view>{"SCMP_ARCH_PPC64LE", "ppc64le"},
    Named<std::string_view>{"SCMP_ARCH_RISCV64", "riscv64"},
    Named<std::string_view>{"SCMP_ARCH_S390", "s390"},
    Named<std::string_view>{"SCMP_ARCH_S390X", "s390x"},
    Named<std::string_view>{"SCMP_ARCH_SH", "sh"},
    Named<std::string_view>{"SCMP_ARCH_SHEB", "sheb"},
    Named<std::string_view>{"SCMP_ARCH_X32", "x32"},
    Named<std::string_view>{"SCMP_ARCH_X86", "x86"},
    Named<std::string_view>{"SCMP_ARCH_X86_64", "x86_64"},
};

/// linux/seccomp.h; the listener's own flag is the runtime's choice, not the config's.
inline constexpr std::array kSeccompFlagNames{
    Named<std::uint32_t>{"SECCOMP_FILTER_FLAG_LOG", 1U << 1},
    Named<std::uint32_t>{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", 1U << 2},
    Named<std::uint32_t>{"SECCOMP_FILTER_FLAG_TSYNC", 1U << 0},
    Named<std::uint32_t>{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 1U << 5},
};

/// In the order in which they run.
inline constexpr std::array kHookNames{
    Named<std::vector<Hook> Hooks::*>{"prestart", &Hooks::prestart},
    Named<std::vector<Hook> Hooks::*>{"createRuntime", &Hooks::create_runtime},
    Named<std::vector<Hook> Hooks::*>{"createContainer", &Hooks::create_container},
    Named<std::vector<Hook> Hooks::*>{"startContainer", &Hooks::start_container},
    Named<std::vector<Hook> Hooks::*>{"poststart", &Hooks::poststart},
    Named<std::vector<Hook> Hooks::*>{"poststop", &Hooks::poststop},
};

}  // namespace corun::oci
