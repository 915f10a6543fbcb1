// Rules over more than one property, one function per rule or section, in the order of the spec.
// Pure; runs in the parent before anything is done.
#include "corun/oci/validate.hpp"

#include "corun/base/text.hpp"
#include "corun/oci/mount_options.hpp"
#include "corun/oci/names.hpp"
#include "corun/oci/sysctl.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace corun::oci {
namespace {

bool has_namespace(const Spec& spec, NamespaceKind kind) {
    return find_namespace(spec.linux_, kind) != nullptr;
}

// ---------------------------------------------------------------- process

std::string_view name_of(int resource) {
    for (const Named<int>& row : kRlimitNames) {
        if (row.value == resource) {
            return row.name;
        }
    }
    return "an unknown limit";  // the reader lets none through
}

void check_rlimits(const Process& process, std::string_view at, Problems& problems) {
    for (std::size_t i = 0; i < process.rlimits.size(); ++i) {
        const Rlimit& limit = process.rlimits[i];
        if (limit.soft > limit.hard) {
            problems.add(
                concat(at, "/rlimits/", i),
                concat(
                    name_of(limit.resource),
                    ": the soft limit ",
                    limit.soft,
                    " is above the hard limit ",
                    limit.hard
                )
            );
        }
    }
}

/// sched_setattr(2): runtime <= deadline <= period, where 0 stands for the one before it.
void check_deadline(const Scheduler& scheduler, std::string_view at, Problems& problems) {
    if (scheduler.runtime_ns == 0) {
        problems.add(concat(at, "/runtime"), "SCHED_DEADLINE needs a runtime");
    }
    if (scheduler.deadline_ns < scheduler.runtime_ns) {
        problems.add(
            concat(at, "/deadline"), "SCHED_DEADLINE needs a deadline not below the runtime"
        );
    }
    if (scheduler.period_ns != 0 && scheduler.period_ns < scheduler.deadline_ns) {
        problems.add(concat(at, "/period"), "must not be below the deadline");
    }
}

void check_scheduler(const Scheduler& scheduler, std::string_view at, Problems& problems) {
    const bool realtime =
        scheduler.policy == SchedulerPolicy::fifo || scheduler.policy == SchedulerPolicy::rr;
    if (realtime && scheduler.priority == 0) {
        problems.add(
            concat(at, "/priority"), "SCHED_FIFO and SCHED_RR need a priority from 1 to 99"
        );
    }
    if (!realtime && scheduler.priority != 0) {
        problems.add(concat(at, "/priority"), "is for SCHED_FIFO and SCHED_RR only");
    }
    if (scheduler.policy == SchedulerPolicy::deadline) {
        check_deadline(scheduler, at, problems);
    } else if (scheduler.runtime_ns != 0 || scheduler.deadline_ns != 0 || scheduler.period_ns != 0) {
        problems.add(at, "runtime, deadline and period are for SCHED_DEADLINE only");
    }
}

void check_process(const Process& process, std::string_view at, Problems& problems) {
    check_rlimits(process, at, problems);
    if (process.scheduler) {
        check_scheduler(*process.scheduler, concat(at, "/scheduler"), problems);
    }
}

// ---------------------------------------------------------------- id mappings and mounts

/// user_namespaces(7): neither the inner nor the outer ranges may overlap.
void check_overlap(
    const std::vector<IdMapping>& mappings,
    std::uint32_t IdMapping::*start,
    std::string_view at,
    std::string_view which,
    Problems& problems
) {
    std::vector<IdMapping> sorted = mappings;
    std::sort(sorted.begin(), sorted.end(), [start](const IdMapping& a, const IdMapping& b) {
        return a.*start < b.*start;
    });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        if (sorted[i].*start - sorted[i - 1].*start < sorted[i - 1].size) {
            problems.add(at, concat("two ranges of ", which, " overlap at ", sorted[i].*start));
        }
    }
}

void check_mappings(
    const std::vector<IdMapping>& mappings, std::string_view at, Problems& problems
) {
    check_overlap(mappings, &IdMapping::container_id, at, "container ids", problems);
    check_overlap(mappings, &IdMapping::host_id, at, "host ids", problems);
}

/// config.md#mounts: mappings come in pairs, and "idmap" without them means the container's own.
void check_idmapped_mount(
    const Spec& spec, const Mount& mount, std::string_view at, Problems& problems
) {
    if (mount.uid_mappings.empty() != mount.gid_mappings.empty()) {
        problems.add(at, "uidMappings and gidMappings must be given together");
    }
    check_mappings(mount.uid_mappings, concat(at, "/uidMappings"), problems);
    check_mappings(mount.gid_mappings, concat(at, "/gidMappings"), problems);
    const ParsedMountOptions options = parse_mount_options(mount.options);
    if (!options.idmap_mappings.empty() && !mount.uid_mappings.empty()) {
        problems.add(at, "mappings are given twice, as uidMappings and in an option");
    }
    if (options.idmap != IdmapKind::none && options.idmap_mappings.empty() &&
        mount.uid_mappings.empty() && !has_namespace(spec, NamespaceKind::user)) {
        problems.add(
            concat(at, "/options"), "idmap needs uidMappings and gidMappings, or a user namespace"
        );
    }
    if (options.tmpcopyup && (mount.type != "tmpfs" || options.bind != BindKind::none)) {
        problems.add(concat(at, "/options"), "tmpcopyup is for tmpfs only");
    }
}

void check_mounts(const Spec& spec, Problems& problems) {
    for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
        check_idmapped_mount(spec, spec.mounts[i], concat("/mounts/", i), problems);
    }
}

// ---------------------------------------------------------------- namespaces and what needs them

struct NeedsNamespace {
    std::string_view pointer;
    NamespaceKind kind;
    std::string_view name;
    bool (*given)(const Spec& spec);
};

/// Without a namespace of its own the container would change these for the host.
constexpr std::array kNeedsNamespace{
    NeedsNamespace{
        "/hostname",
        NamespaceKind::uts,
        "uts",
        [](const Spec& spec) { return !spec.hostname.empty(); },
    },
    NeedsNamespace{
        "/domainname",
        NamespaceKind::uts,
        "uts",
        [](const Spec& spec) { return !spec.domainname.empty(); },
    },
    NeedsNamespace{
        "/linux/uidMappings",
        NamespaceKind::user,
        "user",
        [](const Spec& spec) { return !spec.linux_.uid_mappings.empty(); },
    },
    NeedsNamespace{
        "/linux/gidMappings",
        NamespaceKind::user,
        "user",
        [](const Spec& spec) { return !spec.linux_.gid_mappings.empty(); },
    },
    NeedsNamespace{
        "/linux/timeOffsets",
        NamespaceKind::time,
        "time",
        [](const Spec& spec) { return spec.linux_.time_offsets != TimeOffsets{}; },
    },
    NeedsNamespace{
        "/linux/netDevices",
        NamespaceKind::network,
        "network",
        [](const Spec& spec) { return !spec.linux_.net_devices.empty(); },
    },
    NeedsNamespace{
        "/linux/maskedPaths",
        NamespaceKind::mount,
        "mount",
        [](const Spec& spec) { return !spec.linux_.masked_paths.empty(); },
    },
    NeedsNamespace{
        "/linux/readonlyPaths",
        NamespaceKind::mount,
        "mount",
        [](const Spec& spec) { return !spec.linux_.readonly_paths.empty(); },
    },
};

void check_namespaces(const Spec& spec, Problems& problems) {
    for (const NeedsNamespace& row : kNeedsNamespace) {
        if (row.given(spec) && !has_namespace(spec, row.kind)) {
            problems.add(row.pointer, concat("given without a ", row.name, " namespace"));
        }
    }
    // The kernel takes offsets until the first process enters; a namespace to join has one.
    const Namespace* time = find_namespace(spec.linux_, NamespaceKind::time);
    if (spec.linux_.time_offsets != TimeOffsets{} && time != nullptr && !time->path.empty()) {
        problems.add("/linux/timeOffsets", "given for a time namespace that is joined, not made");
    }
}

void check_user_mappings(const Linux& config, Problems& problems) {
    if (config.uid_mappings.empty() != config.gid_mappings.empty()) {
        problems.add("/linux", "uidMappings and gidMappings must be given together");
    }
    check_mappings(config.uid_mappings, "/linux/uidMappings", problems);
    check_mappings(config.gid_mappings, "/linux/gidMappings", problems);
}

void check_net_devices(const std::vector<NetDevice>& devices, Problems& problems) {
    std::vector<std::string_view> names;
    for (const NetDevice& device : devices) {
        if (device.name.find('%') == std::string::npos) {
            names.push_back(device.name.empty() ? device.host_name : device.name);
        }
    }
    std::sort(names.begin(), names.end());
    const auto twin = std::adjacent_find(names.begin(), names.end());
    if (twin != names.end()) {
        problems.add(
            "/linux/netDevices", concat("two devices would be named ", double_quote(*twin))
        );
    }
}

// ---------------------------------------------------------------- sysctl

bool is_sysctl_value(std::string_view value) {
    return std::none_of(value.begin(), value.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7f;
    });
}

/// What is wrong with a sysctl; empty: nothing.
std::string problem_of_sysctl(const Spec& spec, std::string_view key, std::string_view value) {
    const std::string name = double_quote(key);
    if (!is_sysctl_name(key)) {
        return concat(name, " is not the name of a sysctl");
    }
    if (!is_sysctl_value(value)) {
        return concat("a control character is in the value of ", name);
    }
    if (key == "kernel.hostname") {
        return concat(name, " is set by the property hostname");
    }
    if (key == "kernel.domainname" && !spec.domainname.empty()) {
        return concat(name, " is set by the property domainname as well");
    }
    const SysctlOwner* owner = find_sysctl_owner(key);
    if (owner == nullptr) {
        return concat(name, " is not in a namespace: it would be changed for the host");
    }
    if (!has_namespace(spec, owner->kind)) {
        return concat(name, " needs a ", owner->name, " namespace");
    }
    return {};
}

void check_sysctls(const Spec& spec, Problems& problems) {
    for (const auto& [key, value] : spec.linux_.sysctl) {
        const std::string problem = problem_of_sysctl(spec, key, value);
        if (!problem.empty()) {
            problems.add("/linux/sysctl", problem);
        }
    }
}

// ---------------------------------------------------------------- resources

void check_memory(const MemoryResources& memory, std::string_view at, Problems& problems) {
    const std::int64_t limit = memory.limit.value_or(0);
    const std::int64_t swap = memory.swap.value_or(0);
    if (limit > 0 && swap > 0 && swap < limit) {
        problems.add(
            concat(at, "/swap"), "is the sum of memory and swap: must not be below the limit"
        );
    }
}

/// Microseconds; kernel/sched/core.c refuses what is outside.
void check_cpu(const CpuResources& cpu, std::string_view at, Problems& problems) {
    constexpr std::int64_t kLeastQuota = 1000;
    constexpr std::uint64_t kLeastPeriod = 1000;
    constexpr std::uint64_t kMostPeriod = 1'000'000;
    const std::int64_t quota = cpu.quota_us.value_or(0);
    const std::uint64_t period = cpu.period_us.value_or(0);
    if (quota > 0 && quota < kLeastQuota) {
        problems.add(concat(at, "/quota"), "must be at least 1000 microseconds");
    }
    if (period != 0 && (period < kLeastPeriod || period > kMostPeriod)) {
        problems.add(concat(at, "/period"), "must be from 1000 to 1000000 microseconds");
    }
    if (quota > 0 && cpu.burst_us.value_or(0) > static_cast<std::uint64_t>(quota)) {
        problems.add(concat(at, "/burst"), "must not be above the quota");
    }
}

/// config-linux.md#block-io: 10 to 1000; 0 is how callers spell "not set".
void check_weight(std::optional<std::uint16_t> weight, std::string_view at, Problems& problems) {
    constexpr std::uint16_t kLeast = 10;
    constexpr std::uint16_t kMost = 1000;
    if (weight && *weight != 0 && (*weight < kLeast || *weight > kMost)) {
        problems.add(at, "must be from 10 to 1000");
    }
}

void check_block_io(const BlockIoResources& block_io, std::string_view at, Problems& problems) {
    check_weight(block_io.weight, concat(at, "/weight"), problems);
    check_weight(block_io.leaf_weight, concat(at, "/leafWeight"), problems);
    for (std::size_t i = 0; i < block_io.weight_device.size(); ++i) {
        const BlockWeightDevice& device = block_io.weight_device[i];
        check_weight(device.weight, concat(at, "/weightDevice/", i, "/weight"), problems);
        check_weight(device.leaf_weight, concat(at, "/weightDevice/", i, "/leafWeight"), problems);
    }
}

void check_resources(const Resources& resources, std::string_view at, Problems& problems) {
    check_memory(resources.memory, concat(at, "/memory"), problems);
    check_cpu(resources.cpu, concat(at, "/cpu"), problems);
    check_block_io(resources.block_io, concat(at, "/blockIO"), problems);
}

// ---------------------------------------------------------------- the rest of linux

/// The kernel's MAX_ERRNO, and the 16 bits that SECCOMP_RET_DATA holds.
std::uint32_t most_errno_ret(SeccompAction action) {
    constexpr std::uint32_t kMaxErrno = 4095;
    constexpr std::uint32_t kMaxData = 0xffff;
    return action == SeccompAction::errno_ ? kMaxErrno : kMaxData;
}

/// config-linux.md#seccomp: an errno with an action that does not support it is an error.
void check_errno_ret(
    SeccompAction action,
    std::optional<std::uint32_t> errno_ret,
    std::string_view at,
    Problems& problems
) {
    if (!errno_ret) {
        return;
    }
    if (action != SeccompAction::errno_ && action != SeccompAction::trace) {
        problems.add(at, "only SCMP_ACT_ERRNO and SCMP_ACT_TRACE return a value");
    }
    if (*errno_ret > most_errno_ret(action)) {
        problems.add(at, concat("must not be above ", most_errno_ret(action)));
    }
}

void check_seccomp(const Seccomp& seccomp, Problems& problems) {
    constexpr std::string_view kAt = "/linux/seccomp";
    check_errno_ret(
        seccomp.default_action, seccomp.default_errno_ret, concat(kAt, "/defaultErrnoRet"), problems
    );
    if (seccomp.default_action == SeccompAction::notify) {
        // Every call would wait for the listener, the one that hands over the listener included.
        problems.add(concat(kAt, "/defaultAction"), "SCMP_ACT_NOTIFY cannot be the default");
    }
    if (!seccomp.listener_metadata.empty() && seccomp.listener_path.empty()) {
        problems.add(concat(kAt, "/listenerMetadata"), "given without listenerPath");
    }
    for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i) {
        const SeccompSyscall& rule = seccomp.syscalls[i];
        check_errno_ret(
            rule.action, rule.errno_ret, concat(kAt, "/syscalls/", i, "/errnoRet"), problems
        );
        if (rule.action == SeccompAction::notify && seccomp.listener_path.empty()) {
            problems.add(
                concat(kAt, "/syscalls/", i, "/action"), "SCMP_ACT_NOTIFY needs listenerPath"
            );
        }
    }
}

/// resctrl takes one line per resource; a newline would be one more.
void check_intel_rdt(const IntelRdt& rdt, Problems& problems) {
    constexpr std::string_view kAt = "/linux/intelRdt";
    const auto check_line = [&](std::string_view line, std::string_view at) {
        if (line.find('\n') != std::string_view::npos) {
            problems.add(at, "a newline is in the schema");
        }
    };
    check_line(rdt.clos_id, concat(kAt, "/closID"));
    check_line(rdt.l3_cache_schema, concat(kAt, "/l3CacheSchema"));
    check_line(rdt.mem_bw_schema, concat(kAt, "/memBwSchema"));
    for (std::size_t i = 0; i < rdt.schemata.size(); ++i) {
        check_line(rdt.schemata[i], concat(kAt, "/schemata/", i));
    }
}

/// set_mempolicy(2), "ERRORS", EINVAL.
void check_memory_policy(const MemoryPolicy& policy, Problems& problems) {
    using enum MemoryPolicyMode;
    constexpr std::string_view kAt = "/linux/memoryPolicy";
    constexpr std::uint32_t kNumaBalancing = 1U << 13;
    constexpr std::uint32_t kStaticAndRelative = (1U << 14) | (1U << 15);
    const bool takes_nodes = policy.mode != default_ && policy.mode != local;
    if (!takes_nodes && !policy.nodes.empty()) {
        problems.add(concat(kAt, "/nodes"), "MPOL_DEFAULT and MPOL_LOCAL take no nodes");
    }
    if (!takes_nodes && policy.flags != 0) {
        problems.add(concat(kAt, "/flags"), "MPOL_DEFAULT and MPOL_LOCAL take no flags");
    }
    // An empty set for MPOL_PREFERRED means "local".
    if (takes_nodes && policy.mode != preferred && policy.nodes.empty()) {
        problems.add(concat(kAt, "/nodes"), "this mode needs at least one node");
    }
    if (policy.nodes.empty() && (policy.flags & kStaticAndRelative) != 0) {
        problems.add(concat(kAt, "/flags"), "flags about nodes are given without nodes");
    }
    if ((policy.flags & kStaticAndRelative) == kStaticAndRelative) {
        problems.add(
            concat(kAt, "/flags"),
            "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other"
        );
    }
    if ((policy.flags & kNumaBalancing) != 0 && policy.mode != bind &&
        policy.mode != preferred_many) {
        problems.add(
            concat(kAt, "/flags"), "MPOL_F_NUMA_BALANCING is for MPOL_BIND and MPOL_PREFERRED_MANY"
        );
    }
}

/// `update` may change the swap alone: there the limit set before counts.
void check_swap_has_limit(const MemoryResources& memory, Problems& problems) {
    if (memory.swap.value_or(0) > 0 && memory.limit.value_or(0) == 0) {
        problems.add("/linux/resources/memory/swap", "given without a memory limit");
    }
}

void check_linux(const Linux& config, Problems& problems) {
    check_user_mappings(config, problems);
    check_net_devices(config.net_devices, problems);
    check_resources(config.resources, "/linux/resources", problems);
    check_swap_has_limit(config.resources.memory, problems);
    if (config.intel_rdt) {
        check_intel_rdt(*config.intel_rdt, problems);
    }
    if (config.seccomp) {
        check_seccomp(*config.seccomp, problems);
    }
    if (config.memory_policy) {
        check_memory_policy(*config.memory_policy, problems);
    }
}

}  // namespace

void validate(const Spec& spec, Problems& problems) {
    if (spec.process) {
        check_process(*spec.process, "/process", problems);
    }
    check_mounts(spec, problems);
    check_namespaces(spec, problems);
    check_sysctls(spec, problems);
    check_linux(spec.linux_, problems);
}

void validate(const Spec& spec) {
    Problems problems(Problems::Mode::throw_first);
    validate(spec, problems);
}

void validate(const Process& process) {
    Problems problems(Problems::Mode::throw_first);
    check_process(process, "", problems);
}

void validate(const Resources& resources) {
    Problems problems(Problems::Mode::throw_first);
    check_resources(resources, "", problems);
}

std::string normalized_destination(std::string_view destination) {
    std::vector<std::string_view> kept;
    for (const std::string_view part : split(destination, '/')) {
        if (part == "..") {
            if (!kept.empty()) {
                kept.pop_back();
            }
        } else if (!part.empty() && part != ".") {
            kept.push_back(part);
        }
    }
    std::string path;
    for (const std::string_view part : kept) {
        path += '/';
        path += part;
    }
    return path.empty() ? "/" : path;
}

}  // namespace corun::oci
