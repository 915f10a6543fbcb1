// The config.json of runtime-spec 1.3 as plain structs, one per section, with the spec's defaults.
// Filled by read_spec() in the parent; pure data, no behaviour beyond two lookups. An empty string
// or vector means "not given" wherever the spec gives both the same meaning; where it does not, the
// member is an optional. Closed sets are enums whose values are the kernel's own numbers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::oci {

/// A JSON object of strings; sorted, so that it is printed in the same order every time.
using StringMap = std::map<std::string, std::string, std::less<>>;

/// One row of uidMappings or gidMappings. `size` is at least 1 and neither range passes 2^32 - 1.
struct IdMapping {
    std::uint32_t container_id = 0;
    std::uint32_t host_id = 0;
    std::uint32_t size = 0;

    bool operator==(const IdMapping&) const = default;
};

// ---------------------------------------------------------------- config.md#process

/// In characters.
struct ConsoleSize {
    std::uint16_t height = 0;
    std::uint16_t width = 0;

    bool operator==(const ConsoleSize&) const = default;
};

struct User {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    /// Absent: the umask is left to the runtime.
    std::optional<std::uint32_t> umask;
    std::vector<std::uint32_t> additional_gids;

    bool operator==(const User&) const = default;
};

/// `resource` is an RLIMIT_* number of getrlimit(2); `~0` is "unlimited".
struct Rlimit {
    int resource = 0;
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;

    bool operator==(const Rlimit&) const = default;
};

/// Bit n stands for capability number n (CAP_CHOWN is bit 0).
struct CapabilitySet {
    std::uint64_t mask = 0;
    /// Names this build does not know; to be warned about, never an error (config.md#process).
    std::vector<std::string> unknown;

    bool operator==(const CapabilitySet&) const = default;
};

struct Capabilities {
    CapabilitySet bounding;
    CapabilitySet effective;
    CapabilitySet inheritable;
    CapabilitySet permitted;
    CapabilitySet ambient;

    bool operator==(const Capabilities&) const = default;
};

/// SCHED_* of sched(7).
enum class SchedulerPolicy : std::uint32_t {
    other = 0,
    fifo = 1,
    rr = 2,
    batch = 3,
    iso = 4,
    idle = 5,
    deadline = 6,
};

/// The arguments of sched_setattr(2).
struct Scheduler {
    SchedulerPolicy policy = SchedulerPolicy::other;
    std::int32_t nice = 0;
    std::int32_t priority = 0;
    /// SCHED_FLAG_* bits.
    std::uint64_t flags = 0;
    std::uint64_t runtime_ns = 0;
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;

    bool operator==(const Scheduler&) const = default;
};

/// IOPRIO_CLASS_* of ioprio_set(2).
enum class IoPriorityClass : std::uint32_t {
    realtime = 1,
    best_effort = 2,
    idle = 3,
};

struct IoPriority {
    IoPriorityClass io_class = IoPriorityClass::best_effort;
    /// 0 (highest) to 7.
    std::uint32_t priority = 0;

    bool operator==(const IoPriority&) const = default;
};

/// CPU lists (`0-3,7`) for exec'ed processes, checked for form; empty: not set.
struct ExecCpuAffinity {
    std::string initial;
    std::string final;

    bool operator==(const ExecCpuAffinity&) const = default;
};

struct Process {
    bool terminal = false;
    /// Only ever set together with `terminal`.
    std::optional<ConsoleSize> console_size;
    User user;
    /// At least one.
    std::vector<std::string> args;
    /// As given, in order; an entry need not hold a '='.
    std::vector<std::string> env;
    /// Absolute.
    std::string cwd;
    /// No resource occurs twice.
    std::vector<Rlimit> rlimits;
    /// Absent: no capability was configured; not the same as five empty sets.
    std::optional<Capabilities> capabilities;
    std::string apparmor_profile;
    std::string selinux_label;
    bool no_new_privileges = false;
    /// -1000 to 1000; absent: the runtime must not touch it.
    std::optional<int> oom_score_adj;
    std::optional<Scheduler> scheduler;
    std::optional<IoPriority> io_priority;
    std::optional<ExecCpuAffinity> exec_cpu_affinity;

    bool operator==(const Process&) const = default;
};

// ---------------------------------------------------------------- config.md#root, #mounts, #hooks

struct Root {
    /// Absolute, or relative to the bundle.
    std::string path;
    bool readonly = false;

    bool operator==(const Root&) const = default;
};

struct Mount {
    /// As given; normalized_destination() of validate.hpp makes the absolute form.
    std::string destination;
    std::string type;
    std::string source;
    /// As given; parse_mount_options() gives them their meaning.
    std::vector<std::string> options;
    std::vector<IdMapping> uid_mappings;
    std::vector<IdMapping> gid_mappings;

    bool operator==(const Mount&) const = default;
};

struct Hook {
    /// Absolute.
    std::string path;
    /// Includes argv[0]; empty: the path alone.
    std::vector<std::string> args;
    /// Absent: not configured; not the same as an empty environment.
    std::optional<std::vector<std::string>> env;
    /// Greater than 0.
    std::optional<std::int32_t> timeout_seconds;

    bool operator==(const Hook&) const = default;
};

struct Hooks {
    std::vector<Hook> prestart;
    std::vector<Hook> create_runtime;
    std::vector<Hook> create_container;
    std::vector<Hook> start_container;
    std::vector<Hook> poststart;
    std::vector<Hook> poststop;

    bool operator==(const Hooks&) const = default;
};

// ---------------------------------------------------------------- config-linux.md

/// CLONE_NEW* of clone(2).
enum class NamespaceKind : std::uint32_t {
    time = 0x00000080,
    mount = 0x00020000,
    cgroup = 0x02000000,
    uts = 0x04000000,
    ipc = 0x08000000,
    user = 0x10000000,
    pid = 0x20000000,
    network = 0x40000000,
};

struct Namespace {
    NamespaceKind kind = NamespaceKind::mount;
    /// Absolute path of the namespace to join; empty: a new one is made.
    std::string path;

    bool operator==(const Namespace&) const = default;
};

/// Added to the clock of the runtime's own time namespace; time_namespaces(7).
struct TimeOffset {
    std::int64_t seconds = 0;
    /// Below 1,000,000,000.
    std::uint32_t nanoseconds = 0;

    bool operator==(const TimeOffset&) const = default;
};

struct TimeOffsets {
    std::optional<TimeOffset> monotonic;
    std::optional<TimeOffset> boottime;

    bool operator==(const TimeOffsets&) const = default;
};

/// The letter mknod(1) uses; the spec's "u" (unbuffered character) is read as a character device.
enum class DeviceType : char {
    block = 'b',
    character = 'c',
    fifo = 'p',
};

struct Device {
    DeviceType type = DeviceType::character;
    /// Absolute, inside the container.
    std::string path;
    /// 0 for fifos.
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    /// Permission bits; absent: the runtime's default (0666).
    std::optional<std::uint32_t> file_mode;
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;

    bool operator==(const Device&) const = default;
};

/// A network device to move into the container's network namespace.
struct NetDevice {
    /// The device's name outside.
    std::string host_name;
    /// The name inside; empty: unchanged. May hold `%d`.
    std::string name;

    bool operator==(const NetDevice&) const = default;
};

/// MS_* bits of mount(2).
enum class Propagation : std::uint32_t {
    unbindable = 1U << 17,
    private_ = 1U << 18,  // NOLINT(readability-identifier-naming): `private` is a keyword
    slave = 1U << 19,
    shared = 1U << 20,
};

struct PropagationChange {
    Propagation type = Propagation::private_;
    /// `rshared` and the like: the whole tree below as well.
    bool recursive = false;

    bool operator==(const PropagationChange&) const = default;
};

/// personality(2): PER_LINUX or PER_LINUX32.
struct Personality {
    std::uint32_t domain = 0;
    /// The spec defines none; what is here is to be ignored with a warning.
    std::vector<std::string> flags;

    bool operator==(const Personality&) const = default;
};

/// MPOL_* of set_mempolicy(2).
enum class MemoryPolicyMode : std::uint32_t {
    default_ = 0,  // NOLINT(readability-identifier-naming): `default` is a keyword
    preferred = 1,
    bind = 2,
    interleave = 3,
    local = 4,
    preferred_many = 5,
    weighted_interleave = 6,
};

struct MemoryPolicy {
    MemoryPolicyMode mode = MemoryPolicyMode::default_;
    /// Node list (`0-1,3`), checked for form; may be empty.
    std::string nodes;
    /// MPOL_F_* bits.
    std::uint32_t flags = 0;

    bool operator==(const MemoryPolicy&) const = default;
};

/// config-linux.md#intelrdt.
struct IntelRdt {
    std::string clos_id;
    std::string l3_cache_schema;
    std::string mem_bw_schema;
    std::vector<std::string> schemata;
    bool enable_monitoring = false;

    bool operator==(const IntelRdt&) const = default;
};

// ---------------------------------------------------------------- config-linux.md#control-groups

enum class CgroupDeviceType : char {
    all = 'a',
    block = 'b',
    character = 'c',
};

/// BPF_DEVCG_ACC_* bits.
inline constexpr std::uint32_t kDeviceMknod = 1;
inline constexpr std::uint32_t kDeviceRead = 2;
inline constexpr std::uint32_t kDeviceWrite = 4;

/// One rule of the device controller; rules are applied in order.
struct DeviceRule {
    bool allow = false;
    CgroupDeviceType type = CgroupDeviceType::all;
    /// Absent: any.
    std::optional<std::uint32_t> major;
    std::optional<std::uint32_t> minor;
    /// kDeviceMknod | kDeviceRead | kDeviceWrite.
    std::uint32_t access = kDeviceMknod | kDeviceRead | kDeviceWrite;

    bool operator==(const DeviceRule&) const = default;
};

/// Bytes; -1 is unlimited.
struct MemoryResources {
    std::optional<std::int64_t> limit;
    std::optional<std::int64_t> reservation;
    /// Memory and swap together, as in cgroup v1.
    std::optional<std::int64_t> swap;
    std::optional<std::int64_t> kernel;
    std::optional<std::int64_t> kernel_tcp;
    /// 0 to 100.
    std::optional<std::uint64_t> swappiness;
    std::optional<bool> disable_oom_killer;
    std::optional<bool> use_hierarchy;
    bool check_before_update = false;

    bool operator==(const MemoryResources&) const = default;
};

struct CpuResources {
    std::optional<std::uint64_t> shares;
    std::optional<std::int64_t> quota_us;
    std::optional<std::uint64_t> burst_us;
    std::optional<std::uint64_t> period_us;
    std::optional<std::int64_t> realtime_runtime_us;
    std::optional<std::uint64_t> realtime_period_us;
    /// CPU and node lists (`0-3,7`), checked for form.
    std::string cpus;
    std::string mems;
    /// 0 or 1.
    std::optional<std::int64_t> idle;

    bool operator==(const CpuResources&) const = default;
};

struct PidsResources {
    /// -1 is unlimited; 0 is a limit.
    std::optional<std::int64_t> limit;

    bool operator==(const PidsResources&) const = default;
};

struct BlockWeightDevice {
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    std::optional<std::uint16_t> weight;
    std::optional<std::uint16_t> leaf_weight;

    bool operator==(const BlockWeightDevice&) const = default;
};

/// `rate` is in bytes or operations per second.
struct BlockThrottleDevice {
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    std::uint64_t rate = 0;

    bool operator==(const BlockThrottleDevice&) const = default;
};

struct BlockIoResources {
    std::optional<std::uint16_t> weight;
    std::optional<std::uint16_t> leaf_weight;
    std::vector<BlockWeightDevice> weight_device;
    std::vector<BlockThrottleDevice> throttle_read_bps_device;
    std::vector<BlockThrottleDevice> throttle_write_bps_device;
    std::vector<BlockThrottleDevice> throttle_read_iops_device;
    std::vector<BlockThrottleDevice> throttle_write_iops_device;

    bool operator==(const BlockIoResources&) const = default;
};

struct HugepageLimit {
    /// As in the kernel's file names: `2MB`, `1GB`.
    std::string page_size;
    /// Bytes.
    std::uint64_t limit = 0;

    bool operator==(const HugepageLimit&) const = default;
};

struct InterfacePriority {
    std::string name;
    std::uint32_t priority = 0;

    bool operator==(const InterfacePriority&) const = default;
};

/// cgroup v1 only.
struct NetworkResources {
    std::optional<std::uint32_t> class_id;
    std::vector<InterfacePriority> priorities;

    bool operator==(const NetworkResources&) const = default;
};

/// At least one of the two is set.
struct RdmaLimit {
    std::optional<std::uint32_t> hca_handles;
    std::optional<std::uint32_t> hca_objects;

    bool operator==(const RdmaLimit&) const = default;
};

struct Resources {
    std::vector<DeviceRule> devices;
    MemoryResources memory;
    CpuResources cpu;
    PidsResources pids;
    BlockIoResources block_io;
    std::vector<HugepageLimit> hugepage_limits;
    NetworkResources network;
    /// By device name (`mlx5_1`).
    std::map<std::string, RdmaLimit, std::less<>> rdma;
    /// cgroup v2 file name to value.
    StringMap unified;

    bool operator==(const Resources&) const = default;
};

// ---------------------------------------------------------------- config-linux.md#seccomp

/// SCMP_ACT_KILL is read as kill_thread, which is what libseccomp makes of it.
enum class SeccompAction : std::uint8_t {
    kill_process,
    kill_thread,
    trap,
    errno_,  // NOLINT(readability-identifier-naming): `errno` is a macro
    trace,
    allow,
    log,
    notify,
};

/// libseccomp's enum scmp_compare.
enum class SeccompOperator : std::uint8_t {
    not_equal = 1,
    less_than = 2,
    less_equal = 3,
    equal = 4,
    greater_equal = 5,
    greater_than = 6,
    masked_equal = 7,
};

struct SeccompArg {
    /// 0 to 5.
    std::uint32_t index = 0;
    /// With masked_equal this is the mask and `value_two` the value compared with.
    std::uint64_t value = 0;
    std::uint64_t value_two = 0;
    SeccompOperator op = SeccompOperator::equal;

    bool operator==(const SeccompArg&) const = default;
};

struct SeccompSyscall {
    /// At least one.
    std::vector<std::string> names;
    SeccompAction action = SeccompAction::allow;
    /// Absent: EPERM, where the action takes a value.
    std::optional<std::uint32_t> errno_ret;
    std::vector<SeccompArg> args;

    bool operator==(const SeccompSyscall&) const = default;
};

struct Seccomp {
    SeccompAction default_action = SeccompAction::allow;
    /// Absent: EPERM, where the action takes a value.
    std::optional<std::uint32_t> default_errno_ret;
    /// As seccomp_arch_resolve_name(3) takes them: `x86_64` for SCMP_ARCH_X86_64.
    std::vector<std::string> architectures;
    /// SECCOMP_FILTER_FLAG_* bits of seccomp(2); absent: the runtime chooses.
    std::optional<std::uint32_t> flags;
    std::string listener_path;
    std::string listener_metadata;
    std::vector<SeccompSyscall> syscalls;

    bool operator==(const Seccomp&) const = default;
};

struct Linux {
    /// No kind occurs twice.
    std::vector<Namespace> namespaces;
    std::vector<IdMapping> uid_mappings;
    std::vector<IdMapping> gid_mappings;
    TimeOffsets time_offsets;
    std::vector<Device> devices;
    std::vector<NetDevice> net_devices;
    std::string cgroups_path;
    Resources resources;
    std::optional<IntelRdt> intel_rdt;
    /// Keys with '.' between the parts (`net.ipv4.ip_forward`), whatever form they were written in;
    /// a '/' stands for a dot inside a part, as in sysctl(8).
    StringMap sysctl;
    std::optional<Seccomp> seccomp;
    std::optional<PropagationChange> rootfs_propagation;
    std::vector<std::string> masked_paths;
    std::vector<std::string> readonly_paths;
    std::string mount_label;
    std::optional<Personality> personality;
    std::optional<MemoryPolicy> memory_policy;

    bool operator==(const Linux&) const = default;
};

// ---------------------------------------------------------------- config.md

struct Spec {
    std::string oci_version;
    Root root;
    std::vector<Mount> mounts;
    /// Absent: the container can be created, not started.
    std::optional<Process> process;
    std::string hostname;
    std::string domainname;
    Hooks hooks;
    StringMap annotations;
    Linux linux_;  // NOLINT(readability-identifier-naming): `linux` is a macro

    bool operator==(const Spec&) const = default;
};

/// The configured namespace of that kind; null: the container shares the runtime's.
[[nodiscard]] inline const Namespace* find_namespace(const Linux& config, NamespaceKind kind) {
    for (const Namespace& candidate : config.namespaces) {
        if (candidate.kind == kind) {
            return &candidate;
        }
    }
    return nullptr;
}

/// The annotation's value; null: not given.
[[nodiscard]] inline const std::string* find_annotation(const Spec& spec, std::string_view key) {
    const auto found = spec.annotations.find(key);
    return found == spec.annotations.end() ? nullptr : &found->second;
}

}  // namespace corun::oci
