// One config with every property of runtime-spec 1.3, and the structs it must become.
#include "corun/oci/read_spec.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>

using namespace corun::oci;

namespace {

constexpr const char* kProcess = R"json({
  "ociVersion": "1.3.0", "root": {"path": "rootfs"},
  "process": {
    "terminal": true,
    "consoleSize": {"height": 25, "width": 80},
    "user": {"uid": 1, "gid": 2, "umask": 63, "additionalGids": [5, 6]},
    "args": ["sh", "-c", "true"],
    "commandLine": "for another platform",
    "env": ["PATH=/bin", "EMPTY"],
    "cwd": "/root",
    "rlimits": [
      {"type": "RLIMIT_CORE", "soft": 1024, "hard": 18446744073709551615},
      {"type": "RLIMIT_RTTIME", "soft": 1, "hard": 2}
    ],
    "capabilities": {
      "bounding": ["CAP_CHOWN", "CAP_CHECKPOINT_RESTORE"],
      "effective": ["CAP_DAC_OVERRIDE"],
      "inheritable": ["CAP_FOWNER"],
      "permitted": ["CAP_KILL"],
      "ambient": ["CAP_SYS_ADMIN"]
    },
    "apparmorProfile": "acme",
    "selinuxLabel": "system_u:system_r:svirt_lxc_net_t:s0:c124,c675",
    "noNewPrivileges": true,
    "oomScoreAdj": -500,
    "scheduler": {
      "policy": "SCHED_DEADLINE", "nice": -3, "flags": ["SCHED_FLAG_RESET_ON_FORK",
      "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY",
      "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX"],
      "runtime": 10, "deadline": 20, "period": 30
    },
    "ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 4},
    "execCPUAffinity": {"initial": "7", "final": "0-3,7"}
  }
})json";

constexpr const char* kTop = R"json({
  "ociVersion": "1.2.0",
  "root": {"path": "/images/root", "readonly": true},
  "hostname": "mrsdalloway",
  "domainname": "example.org",
  "mounts": [
    {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs",
     "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "data", "type": "none", "source": "/volumes/testing",
     "options": ["rbind", "rw"],
     "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
     "gidMappings": [{"containerID": 1, "hostID": 2000, "size": 20}]}
  ],
  "hooks": {
    "prestart": [{"path": "/usr/bin/fix-mounts", "args": ["fix-mounts", "arg1"],
                  "env": ["key1=value1"]}],
    "createRuntime": [{"path": "/b", "env": []}],
    "createContainer": [{"path": "/c"}],
    "startContainer": [{"path": "/d"}],
    "poststart": [{"path": "/e", "timeout": 5}],
    "poststop": [{"path": "/f"}, {"path": "/g"}]
  },
  "annotations": {"com.example.gpu-cores": "2", "org.criu.config": ""},
  "linux": {"namespaces": [{"type": "uts"}]}
})json";

constexpr const char* kLinux = R"json({
  "ociVersion": "1.3.0", "root": {"path": "rootfs"},
  "linux": {
    "namespaces": [
      {"type": "pid", "path": "/proc/1234/ns/pid"}, {"type": "network", "path": ""},
      {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}, {"type": "user"}, {"type": "cgroup"},
      {"type": "time"}
    ],
    "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 32000}],
    "gidMappings": [{"containerID": 0, "hostID": 1001, "size": 4294966294}],
    "timeOffsets": {"monotonic": {"secs": -172800, "nanosecs": 5}, "boottime": {"secs": 604800}},
    "devices": [
      {"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438, "uid": 3,
       "gid": 4},
      {"path": "/dev/sda", "type": "b", "major": 8, "minor": 0},
      {"path": "/fifo", "type": "p"}
    ],
    "netDevices": {"eth0": {"name": "container_eth0"}, "ens4": {}},
    "cgroupsPath": "/myRuntime/myContainer",
    "intelRdt": {
      "closID": "guaranteed_group", "l3CacheSchema": "L3:0=7f0;1=1f",
      "memBwSchema": "MB:0=20;1=70", "schemata": ["L2:0=f"], "enableMonitoring": true
    },
    "sysctl": {"net.ipv4.ip_forward": "1", "kernel.sem": "250 32000 100 128"},
    "seccomp": {
      "defaultAction": "SCMP_ACT_ERRNO",
      "defaultErrnoRet": 38,
      "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_RISCV64"],
      "flags": ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
      "listenerPath": "/run/listener.sock",
      "listenerMetadata": "opaque",
      "syscalls": [
        {"names": ["getcwd", "chmod"], "action": "SCMP_ACT_TRACE", "errnoRet": 7,
         "args": [{"index": 5, "value": 18446744073709551615, "valueTwo": 4,
                   "op": "SCMP_CMP_MASKED_EQ"}]},
        {"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}
      ]
    },
    "rootfsPropagation": "rslave",
    "maskedPaths": ["/proc/kcore"],
    "readonlyPaths": ["/proc/sys", "/proc/bus"],
    "mountLabel": "system_u:object_r:svirt_sandbox_file_t:s0:c715,c811",
    "personality": {"domain": "LINUX32", "flags": ["FUTURE"]},
    "memoryPolicy": {"mode": "MPOL_PREFERRED_MANY", "nodes": "0-1,3",
                     "flags": ["MPOL_F_NUMA_BALANCING", "MPOL_F_STATIC_NODES"]}
  }
})json";

constexpr const char* kResources = R"json({
  "devices": [
    {"allow": false, "access": "rwm"},
    {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"},
    {"allow": true, "type": "b", "major": 8, "minor": null, "access": "m"}
  ],
  "memory": {"limit": 536870912, "reservation": 536870911, "swap": 536870913, "kernel": -1,
             "kernelTCP": -1, "swappiness": 0, "disableOOMKiller": false, "useHierarchy": true,
             "checkBeforeUpdate": true},
  "cpu": {"shares": 1024, "quota": 1000000, "burst": 900000, "period": 500000,
          "realtimeRuntime": 950000, "realtimePeriod": 1000000, "cpus": "2-3", "mems": "0-7",
          "idle": 1},
  "pids": {"limit": 0},
  "blockIO": {
    "weight": 10, "leafWeight": 11,
    "weightDevice": [{"major": 8, "minor": 0, "weight": 500, "leafWeight": 300},
                     {"major": 8, "minor": 16, "weight": 501}],
    "throttleReadBpsDevice": [{"major": 8, "minor": 1, "rate": 600}],
    "throttleWriteBpsDevice": [{"major": 8, "minor": 2, "rate": 601}],
    "throttleReadIOPSDevice": [{"major": 8, "minor": 3, "rate": 602}],
    "throttleWriteIOPSDevice": [{"major": 8, "minor": 4, "rate": 603}]
  },
  "hugepageLimits": [{"pageSize": "2MB", "limit": 209715200}, {"pageSize": "64KB", "limit": 1}],
  "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500}]},
  "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000}, "rxe3": {"hcaObjects": 4}},
  "unified": {"io.max": "259:0 rbps=2097152 wiops=120", "hugetlb.1GB.max": "1073741824"}
})json";

constexpr std::uint64_t bit(unsigned number) {
    return std::uint64_t{1} << number;
}

}  // namespace

TEST_CASE("read_spec: every property of process is read") {
    const Process expected{
        .terminal = true,
        .console_size = ConsoleSize{.height = 25, .width = 80},
        .user = {.uid = 1, .gid = 2, .umask = 077, .additional_gids = {5, 6}},
        .args = {"sh", "-c", "true"},
        .env = {"PATH=/bin", "EMPTY"},
        .cwd = "/root",
        .rlimits =
            {{.resource = RLIMIT_CORE, .soft = 1024, .hard = ~std::uint64_t{0}},
             {.resource = RLIMIT_RTTIME, .soft = 1, .hard = 2}},
        .capabilities =
            Capabilities{
                .bounding = {.mask = bit(0) | bit(40), .unknown = {}},
                .effective = {.mask = bit(1), .unknown = {}},
                .inheritable = {.mask = bit(3), .unknown = {}},
                .permitted = {.mask = bit(5), .unknown = {}},
                .ambient = {.mask = bit(21), .unknown = {}},
            },
        .apparmor_profile = "acme",
        .selinux_label = "system_u:system_r:svirt_lxc_net_t:s0:c124,c675",
        .no_new_privileges = true,
        .oom_score_adj = -500,
        .scheduler =
            Scheduler{
                .policy = SchedulerPolicy::deadline,
                .nice = -3,
                .priority = 0,
                .flags = 0x7f,
                .runtime_ns = 10,
                .deadline_ns = 20,
                .period_ns = 30,
            },
        .io_priority = IoPriority{.io_class = IoPriorityClass::idle, .priority = 4},
        .exec_cpu_affinity = ExecCpuAffinity{.initial = "7", .final = "0-3,7"},
    };

    CHECK(read_spec(kProcess).process == expected);
}

TEST_CASE("read_spec: every property outside process and linux is read") {
    const Spec spec = read_spec(kTop);

    CHECK(spec.oci_version == "1.2.0");
    CHECK(spec.root == Root{.path = "/images/root", .readonly = true});
    CHECK(spec.hostname == "mrsdalloway");
    CHECK(spec.domainname == "example.org");
    const Mount tmp{
        .destination = "/tmp",
        .type = "tmpfs",
        .source = "tmpfs",
        .options = {"nosuid", "strictatime", "mode=755", "size=65536k"},
        .uid_mappings = {},
        .gid_mappings = {},
    };
    const Mount data{
        .destination = "data",
        .type = "none",
        .source = "/volumes/testing",
        .options = {"rbind", "rw"},
        .uid_mappings = {{.container_id = 0, .host_id = 1000, .size = 10}},
        .gid_mappings = {{.container_id = 1, .host_id = 2000, .size = 20}},
    };
    CHECK(spec.mounts == std::vector{tmp, data});
    const auto hook = [](const char* path) {
        Hook made;
        made.path = path;
        return made;
    };
    Hooks hooks;
    hooks.prestart = {hook("/usr/bin/fix-mounts")};
    hooks.prestart[0].args = {"fix-mounts", "arg1"};
    hooks.prestart[0].env = {"key1=value1"};
    hooks.create_runtime = {hook("/b")};
    hooks.create_runtime[0].env.emplace();
    hooks.create_container = {hook("/c")};
    hooks.start_container = {hook("/d")};
    hooks.poststart = {hook("/e")};
    hooks.poststart[0].timeout_seconds = 5;
    hooks.poststop = {hook("/f"), hook("/g")};
    CHECK(spec.hooks == hooks);
    CHECK(spec.annotations == StringMap{{"com.example.gpu-cores", "2"}, {"org.criu.config", ""}});
    REQUIRE(find_annotation(spec, "com.example.gpu-cores") != nullptr);
    CHECK(*find_annotation(spec, "com.example.gpu-cores") == "2");
    CHECK(find_annotation(spec, "other") == nullptr);
}

TEST_CASE("read_spec: every property of linux is read") {
    Linux expected;
    expected.namespaces = {
        {.kind = NamespaceKind::pid, .path = "/proc/1234/ns/pid"},
        {.kind = NamespaceKind::network, .path = ""},
        {.kind = NamespaceKind::mount, .path = ""},
        {.kind = NamespaceKind::ipc, .path = ""},
        {.kind = NamespaceKind::uts, .path = ""},
        {.kind = NamespaceKind::user, .path = ""},
        {.kind = NamespaceKind::cgroup, .path = ""},
        {.kind = NamespaceKind::time, .path = ""},
    };
    expected.uid_mappings = {{.container_id = 0, .host_id = 1000, .size = 32000}};
    expected.gid_mappings = {{.container_id = 0, .host_id = 1001, .size = 4294966294}};
    expected.time_offsets.monotonic = TimeOffset{.seconds = -172800, .nanoseconds = 5};
    expected.time_offsets.boottime = TimeOffset{.seconds = 604800, .nanoseconds = 0};
    expected.devices.resize(3);
    expected.devices[0] = {
        .type = DeviceType::character,
        .path = "/dev/fuse",
        .major = 10,
        .minor = 229,
        .file_mode = 0666,
        .uid = 3,
        .gid = 4,
    };
    expected.devices[1].type = DeviceType::block;
    expected.devices[1].path = "/dev/sda";
    expected.devices[1].major = 8;
    expected.devices[2].type = DeviceType::fifo;
    expected.devices[2].path = "/fifo";
    expected.net_devices = {
        {.host_name = "eth0", .name = "container_eth0"}, {.host_name = "ens4", .name = ""}};
    expected.cgroups_path = "/myRuntime/myContainer";
    expected.intel_rdt = IntelRdt{
        .clos_id = "guaranteed_group",
        .l3_cache_schema = "L3:0=7f0;1=1f",
        .mem_bw_schema = "MB:0=20;1=70",
        .schemata = {"L2:0=f"},
        .enable_monitoring = true,
    };
    expected.sysctl = {{"kernel.sem", "250 32000 100 128"}, {"net.ipv4.ip_forward", "1"}};
    Seccomp& seccomp = expected.seccomp.emplace();
    seccomp.default_action = SeccompAction::errno_;
    seccomp.default_errno_ret = 38;
    seccomp.architectures = {"x86_64", "x32", "riscv64"};
    seccomp.flags = 1U | 2U | 4U | 32U;
    seccomp.listener_path = "/run/listener.sock";
    seccomp.listener_metadata = "opaque";
    seccomp.syscalls.resize(2);
    seccomp.syscalls[0].names = {"getcwd", "chmod"};
    seccomp.syscalls[0].action = SeccompAction::trace;
    seccomp.syscalls[0].errno_ret = 7;
    seccomp.syscalls[0].args = {
        {.index = 5,
         .value = ~std::uint64_t{0},
         .value_two = 4,
         .op = SeccompOperator::masked_equal}};
    seccomp.syscalls[1].names = {"mkdir"};
    seccomp.syscalls[1].action = SeccompAction::notify;
    expected.rootfs_propagation = PropagationChange{.type = Propagation::slave, .recursive = true};
    expected.masked_paths = {"/proc/kcore"};
    expected.readonly_paths = {"/proc/sys", "/proc/bus"};
    expected.mount_label = "system_u:object_r:svirt_sandbox_file_t:s0:c715,c811";
    expected.personality = Personality{.domain = 8, .flags = {"FUTURE"}};
    expected.memory_policy = MemoryPolicy{
        .mode = MemoryPolicyMode::preferred_many,
        .nodes = "0-1,3",
        .flags = (1U << 13) | (1U << 15),
    };

    CHECK(read_spec(kLinux).linux_ == expected);
}

TEST_CASE("read_spec: every property of resources is read") {
    Resources expected;
    expected.devices.resize(3);
    expected.devices[1] = {
        .allow = true,
        .type = CgroupDeviceType::character,
        .major = 10,
        .minor = 229,
        .access = kDeviceRead | kDeviceWrite,
    };
    expected.devices[2].allow = true;
    expected.devices[2].type = CgroupDeviceType::block;
    expected.devices[2].major = 8;
    expected.devices[2].access = kDeviceMknod;
    expected.memory = {
        .limit = 536870912,
        .reservation = 536870911,
        .swap = 536870913,
        .kernel = -1,
        .kernel_tcp = -1,
        .swappiness = 0,
        .disable_oom_killer = false,
        .use_hierarchy = true,
        .check_before_update = true,
    };
    expected.cpu = {
        .shares = 1024,
        .quota_us = 1000000,
        .burst_us = 900000,
        .period_us = 500000,
        .realtime_runtime_us = 950000,
        .realtime_period_us = 1000000,
        .cpus = "2-3",
        .mems = "0-7",
        .idle = 1,
    };
    expected.pids.limit = 0;
    expected.block_io = {
        .weight = 10,
        .leaf_weight = 11,
        .weight_device =
            {{.major = 8, .minor = 0, .weight = 500, .leaf_weight = 300},
             {.major = 8, .minor = 16, .weight = 501, .leaf_weight = std::nullopt}},
        .throttle_read_bps_device = {{.major = 8, .minor = 1, .rate = 600}},
        .throttle_write_bps_device = {{.major = 8, .minor = 2, .rate = 601}},
        .throttle_read_iops_device = {{.major = 8, .minor = 3, .rate = 602}},
        .throttle_write_iops_device = {{.major = 8, .minor = 4, .rate = 603}},
    };
    expected.hugepage_limits = {
        {.page_size = "2MB", .limit = 209715200}, {.page_size = "64KB", .limit = 1}};
    expected.network.class_id = 1048577;
    expected.network.priorities = {{.name = "eth0", .priority = 500}};
    expected.rdma["mlx5_1"] = {.hca_handles = 3, .hca_objects = 10000};
    expected.rdma["rxe3"].hca_objects = 4;
    expected.unified = {
        {"hugetlb.1GB.max", "1073741824"}, {"io.max", "259:0 rbps=2097152 wiops=120"}};

    CHECK(read_resources(kResources) == expected);
    const std::string config = std::string(R"({"ociVersion": "1.3.0", "root": {"path": "r"},
        "linux": {"resources": )") +
                               kResources + "}}";
    CHECK(read_spec(config).linux_.resources == expected);
}
