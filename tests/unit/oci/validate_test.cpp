// Rules over more than one property.
#include "corun/oci/validate.hpp"

#include "corun/base/error.hpp"
#include "corun/oci/read_spec.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace corun;
using namespace corun::oci;

namespace {

std::string error_of(const std::string& members) {
    try {
        (void)read_spec(R"({"ociVersion": "1.0.2", "root": {"path": "rootfs"}, )" + members + "}");
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

std::string linux_error(const std::string& members) {
    return error_of(R"("linux": {)" + members + "}");
}

std::string scheduler_error(const std::string& members) {
    return error_of(R"("process": {"cwd": "/", "args": ["a"], "scheduler": {)" + members + "}}");
}

std::string sysctl_error(const std::string& namespaces, const std::string& key) {
    return linux_error(
        R"("namespaces": [)" + namespaces + R"(], "sysctl": {")" + key + R"(": "1"})"
    );
}

std::string resources_error(const std::string& members) {
    return linux_error(R"("resources": {)" + members + "}");
}

std::string seccomp_error(const std::string& members) {
    return linux_error(R"("seccomp": {)" + members + "}");
}

std::string policy_error(const std::string& members) {
    return linux_error(R"("memoryPolicy": {)" + members + "}");
}

constexpr const char* kUser = R"("namespaces": [{"type": "user"}], )";
constexpr const char* kMapping = R"([{"containerID": 0, "hostID": 1000, "size": 10}])";

}  // namespace

TEST_CASE("validate: what changes the container's own needs a namespace for it") {
    CHECK(error_of(R"("hostname": "a")") == "/hostname: given without a uts namespace");
    CHECK(error_of(R"("domainname": "a")") == "/domainname: given without a uts namespace");
    CHECK(error_of(R"("hostname": "a", "linux": {"namespaces": [{"type": "uts"}]})").empty());
    CHECK(error_of(R"("hostname": "a", "linux": {"namespaces": [{"type": "uts", "path": "/n"}]})")
              .empty());
    CHECK(
        linux_error(std::string(R"("uidMappings": )") + kMapping) ==
        "/linux/uidMappings: given without a user namespace"
    );
    CHECK(
        linux_error(std::string(R"("gidMappings": )") + kMapping) ==
        "/linux/gidMappings: given without a user namespace"
    );
    CHECK(
        linux_error(R"("timeOffsets": {"monotonic": {"secs": 1}})") ==
        "/linux/timeOffsets: given without a time namespace"
    );
    CHECK(
        linux_error(R"("netDevices": {"eth0": {}})") ==
        "/linux/netDevices: given without a network namespace"
    );
    CHECK(
        linux_error(R"("maskedPaths": ["/a"])") ==
        "/linux/maskedPaths: given without a mount namespace"
    );
    CHECK(
        linux_error(R"("readonlyPaths": ["/a"])") ==
        "/linux/readonlyPaths: given without a mount namespace"
    );
}

TEST_CASE("validate: time offsets cannot change a namespace that is joined") {
    CHECK(
        linux_error(R"("namespaces": [{"type": "time", "path": "/n"}],
            "timeOffsets": {"boottime": {"secs": -1}})") ==
        "/linux/timeOffsets: given for a time namespace that is joined, not made"
    );
    CHECK(linux_error(R"("namespaces": [{"type": "time"}],
        "timeOffsets": {"boottime": {"secs": -1}})")
              .empty());
}

TEST_CASE("validate: id mappings come in pairs and do not overlap") {
    CHECK(
        linux_error(kUser + std::string(R"("uidMappings": )") + kMapping) ==
        "/linux: uidMappings and gidMappings must be given together"
    );
    CHECK(
        linux_error(
            kUser + std::string(R"("gidMappings": )") + kMapping +
            R"(, "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10},
                {"containerID": 9, "hostID": 5000, "size": 1}])"
        ) == "/linux/uidMappings: two ranges of container ids overlap at 9"
    );
    CHECK(
        linux_error(
            kUser + std::string(R"("uidMappings": )") + kMapping +
            R"(, "gidMappings": [{"containerID": 0, "hostID": 1005, "size": 10},
                {"containerID": 10, "hostID": 1000, "size": 6}])"
        ) == "/linux/gidMappings: two ranges of host ids overlap at 1005"
    );
    CHECK(linux_error(
              kUser + std::string(R"("gidMappings": )") + kMapping +
              R"(, "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10},
            {"containerID": 10, "hostID": 0, "size": 1000}])"
    )
              .empty());
}

TEST_CASE("validate: idmapped mounts have both mappings, one, or a user namespace") {
    CHECK(
        error_of(
            std::string(R"("mounts": [{"destination": "/a", "uidMappings": )") + kMapping + "}]"
        ) == "/mounts/0: uidMappings and gidMappings must be given together"
    );
    CHECK(
        error_of(R"("mounts": [{"destination": "/a", "options": ["ridmap"]}])") ==
        "/mounts/0/options: idmap needs uidMappings and gidMappings, or a user namespace"
    );
    CHECK(error_of(R"("mounts": [{"destination": "/a", "options": ["idmap"]}],
        "linux": {"namespaces": [{"type": "user"}]})")
              .empty());
    CHECK(error_of(R"("mounts": [{"destination": "/a", "options": ["idmap=uids=0-0-1"]}])").empty()
    );
    CHECK(
        error_of(
            std::string(R"("mounts": [{"destination": "/a", "options": ["idmap=uids=0-0-1"],
            "uidMappings": )") +
            kMapping + R"(, "gidMappings": )" + kMapping + "}]"
        ) == "/mounts/0: mappings are given twice, as uidMappings and in an option"
    );
}

TEST_CASE("validate: tmpcopyup is for tmpfs") {
    CHECK(
        error_of(R"("mounts": [{"destination": "/a", "type": "proc", "options": ["tmpcopyup"]}])"
        ) == "/mounts/0/options: tmpcopyup is for tmpfs only"
    );
    CHECK(error_of(R"("mounts": [{"destination": "/a", "type": "tmpfs", "options": ["tmpcopyup"]}])"
    )
              .empty());
}

TEST_CASE("validate: two network devices do not get one name") {
    CHECK(
        linux_error(R"("namespaces": [{"type": "network"}],
            "netDevices": {"eth0": {"name": "a"}, "eth1": {"name": "b"}, "a": {}})") ==
        R"(/linux/netDevices: two devices would be named "a")"
    );
    CHECK(linux_error(R"("namespaces": [{"type": "network"}],
        "netDevices": {"eth0": {"name": "e%d"}, "eth1": {"name": "e%d"}})")
              .empty());
}

TEST_CASE("validate: a sysctl needs the namespace it belongs to") {
    struct Row {
        std::string key;
        std::string kind;
    };

    const std::vector<Row> rows{
        {"net.ipv4.ip_forward", "network"},
        {"net/ipv4/ip_forward", "network"},
        {"kernel.msgmax", "ipc"},
        {"kernel.sem", "ipc"},
        {"kernel.shm_rmid_forced", "ipc"},
        {"kernel/shmall", "ipc"},
        {"fs.mqueue.msg_max", "ipc"},
        {"kernel.domainname", "uts"},
        {"user.max_user_namespaces", "user"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.key);
        CHECK(sysctl_error(R"({"type": ")" + row.kind + "\"}", row.key).empty());
        CHECK(sysctl_error(R"({"type": "pid"})", row.key)
                  .ends_with(" needs a " + row.kind + " namespace"));
    }
}

TEST_CASE("validate: a sysctl of the host is refused with every namespace") {
    const std::string all = R"({"type": "network"}, {"type": "ipc"}, {"type": "uts"},
        {"type": "user"}, {"type": "mount"})";
    for (const char* key :
         {"vm.swappiness",
          "kernel.panic",
          "kernel.semx",
          "fs.file-max",
          "kernel.shmmax.x",
          "network.a",
          "kernel"}) {
        CAPTURE(key);
        CHECK(
            sysctl_error(all, key) ==
            "/linux/sysctl: \"" + std::string(key) +
                "\" is not in a namespace: it would be changed for the host"
        );
    }
    CHECK(
        sysctl_error(all, "kernel.hostname") ==
        R"(/linux/sysctl: "kernel.hostname" is set by the property hostname)"
    );
}

TEST_CASE("validate: a sysctl cannot lead to another file") {
    const std::string net = R"({"type": "network"})";
    for (const char* key :
         {"net.",
          "net..a",
          "net.//.kernel.panic",
          "net./.a",
          "net/../kernel/panic",
          "/net/a",
          ".net.a",
          ""}) {
        CAPTURE(key);
        CHECK(sysctl_error(net, key).ends_with(" is not the name of a sysctl"));
    }
    CHECK(sysctl_error(net, "net.ipv4.conf.eth0/100.forwarding").empty());
}

TEST_CASE("validate: a sysctl's value is one line") {
    const std::string net = R"("namespaces": [{"type": "network"}], "sysctl": )";
    CHECK(
        linux_error(net + R"({"net.a": "1\n2"})") ==
        R"(/linux/sysctl: a control character is in the value of "net.a")"
    );
    CHECK(linux_error(net + R"({"net.ipv4.ip_local_port_range": "1\t2"})").empty());
}

TEST_CASE("validate: scheduler priority is for the realtime policies") {
    CHECK(
        scheduler_error(R"("policy": "SCHED_FIFO")") ==
        "/process/scheduler/priority: SCHED_FIFO and SCHED_RR need a priority from 1 to 99"
    );
    CHECK(
        scheduler_error(R"("policy": "SCHED_OTHER", "priority": 1)") ==
        "/process/scheduler/priority: is for SCHED_FIFO and SCHED_RR only"
    );
    CHECK(scheduler_error(R"("policy": "SCHED_RR", "priority": 99)").empty());
    CHECK(scheduler_error(R"("policy": "SCHED_BATCH", "nice": -20)").empty());
}

TEST_CASE("validate: scheduler deadlines are ordered and for SCHED_DEADLINE") {
    CHECK(
        scheduler_error(R"("policy": "SCHED_IDLE", "period": 1)") ==
        "/process/scheduler: runtime, deadline and period are for SCHED_DEADLINE only"
    );
    CHECK(
        scheduler_error(R"("policy": "SCHED_DEADLINE")") ==
        "/process/scheduler/runtime: SCHED_DEADLINE needs a runtime"
    );
    CHECK(
        scheduler_error(R"("policy": "SCHED_DEADLINE", "runtime": 5, "deadline": 4)") ==
        "/process/scheduler/deadline: SCHED_DEADLINE needs a deadline not below the runtime"
    );
    CHECK(
        scheduler_error(R"("policy": "SCHED_DEADLINE", "runtime": 5, "deadline": 6, "period": 5)"
        ) == "/process/scheduler/period: must not be below the deadline"
    );
    CHECK(scheduler_error(R"("policy": "SCHED_DEADLINE", "runtime": 5, "deadline": 6)").empty());
}

TEST_CASE("validate: memory and swap make sense together") {
    CHECK(
        resources_error(R"("memory": {"limit": 10, "swap": 9})") ==
        "/linux/resources/memory/swap: is the sum of memory and swap: must not be below the limit"
    );
    CHECK(
        resources_error(R"("memory": {"swap": 9})") ==
        "/linux/resources/memory/swap: given without a memory limit"
    );
    // `update` may give the swap alone.
    CHECK(read_resources(R"({"memory": {"swap": 9}})").memory.swap == 9);
    CHECK(resources_error(R"("memory": {"limit": 10, "swap": 10})").empty());
    CHECK(resources_error(R"("memory": {"limit": 10, "swap": -1})").empty());
    CHECK(resources_error(R"("memory": {"limit": -1, "swap": 10})").empty());
}

TEST_CASE("validate: CPU bandwidth is what the kernel takes") {
    CHECK(
        resources_error(R"("cpu": {"quota": 999})") ==
        "/linux/resources/cpu/quota: must be at least 1000 microseconds"
    );
    CHECK(
        resources_error(R"("cpu": {"period": 999})") ==
        "/linux/resources/cpu/period: must be from 1000 to 1000000 microseconds"
    );
    CHECK(
        resources_error(R"("cpu": {"quota": 2000, "burst": 2001})") ==
        "/linux/resources/cpu/burst: must not be above the quota"
    );
    CHECK(resources_error(R"("cpu": {"quota": -1, "period": 100000, "burst": 5})").empty());
}

TEST_CASE("validate: block I/O weights are from 10 to 1000, or 0") {
    CHECK(
        resources_error(R"("blockIO": {"weight": 9})") ==
        "/linux/resources/blockIO/weight: must be from 10 to 1000"
    );
    CHECK(
        resources_error(
            R"("blockIO": {"weightDevice": [{"major": 8, "minor": 0, "leafWeight": 1001}]})"
        ) == "/linux/resources/blockIO/weightDevice/0/leafWeight: must be from 10 to 1000"
    );
    CHECK(resources_error(R"("blockIO": {"weight": 0, "leafWeight": 10})").empty());
}

TEST_CASE("validate: an errno is for actions that return one") {
    CHECK(
        seccomp_error(R"("defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1)") ==
        "/linux/seccomp/defaultErrnoRet: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE return a value"
    );
    CHECK(
        seccomp_error(R"("defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [{"names": ["a"], "action": "SCMP_ACT_KILL", "errnoRet": 1}])") ==
        "/linux/seccomp/syscalls/0/errnoRet: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE return a value"
    );
    CHECK(
        seccomp_error(R"("defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4096)") ==
        "/linux/seccomp/defaultErrnoRet: must not be above 4095"
    );
    CHECK(seccomp_error(R"("defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38)").empty());
    CHECK(seccomp_error(R"("defaultAction": "SCMP_ACT_TRACE", "defaultErrnoRet": 65535)").empty());
}

TEST_CASE("validate: seccomp notification needs somebody to notify") {
    const std::string rule =
        R"("defaultAction": "SCMP_ACT_ALLOW",
           "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}])";
    CHECK(
        seccomp_error(rule) ==
        "/linux/seccomp/syscalls/0/action: SCMP_ACT_NOTIFY needs listenerPath"
    );
    CHECK(seccomp_error(rule + R"(, "listenerPath": "/s", "listenerMetadata": "m")").empty());
    CHECK(
        seccomp_error(R"("defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/s")") ==
        "/linux/seccomp/defaultAction: SCMP_ACT_NOTIFY cannot be the default"
    );
    CHECK(
        seccomp_error(R"("defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "m")") ==
        "/linux/seccomp/listenerMetadata: given without listenerPath"
    );
}

TEST_CASE("validate: a schema of resctrl is one line") {
    CHECK(
        linux_error(R"("intelRdt": {"schemata": ["L3:0=f", "MB:0=1\nL3:0=1"]})") ==
        "/linux/intelRdt/schemata/1: a newline is in the schema"
    );
    CHECK(
        linux_error(R"("intelRdt": {"l3CacheSchema": "a\n"})") ==
        "/linux/intelRdt/l3CacheSchema: a newline is in the schema"
    );
}

TEST_CASE("validate: memory policies take the nodes and flags set_mempolicy takes") {
    CHECK(
        policy_error(R"("mode": "MPOL_LOCAL", "nodes": "0")") ==
        "/linux/memoryPolicy/nodes: MPOL_DEFAULT and MPOL_LOCAL take no nodes"
    );
    CHECK(
        policy_error(R"("mode": "MPOL_DEFAULT", "flags": ["MPOL_F_STATIC_NODES"])") ==
        "/linux/memoryPolicy/flags: MPOL_DEFAULT and MPOL_LOCAL take no flags"
    );
    CHECK(
        policy_error(R"("mode": "MPOL_BIND")") ==
        "/linux/memoryPolicy/nodes: this mode needs at least one node"
    );
    CHECK(
        policy_error(R"("mode": "MPOL_BIND", "nodes": "0",
            "flags": ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"])") ==
        "/linux/memoryPolicy/flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each "
        "other"
    );
    CHECK(
        policy_error(R"("mode": "MPOL_INTERLEAVE", "nodes": "0",
            "flags": ["MPOL_F_NUMA_BALANCING"])") ==
        "/linux/memoryPolicy/flags: MPOL_F_NUMA_BALANCING is for MPOL_BIND and MPOL_PREFERRED_MANY"
    );
    CHECK(
        policy_error(R"("mode": "MPOL_PREFERRED", "flags": ["MPOL_F_STATIC_NODES"])") ==
        "/linux/memoryPolicy/flags: flags about nodes are given without nodes"
    );
    CHECK(policy_error(R"("mode": "MPOL_PREFERRED", "nodes": "")").empty());
    CHECK(policy_error(R"("mode": "MPOL_BIND", "nodes": "0-1",
        "flags": ["MPOL_F_NUMA_BALANCING"])")
              .empty());
}

TEST_CASE("validate: a mount's destination is made absolute and stays below the root") {
    CHECK(normalized_destination("/a/b") == "/a/b");
    CHECK(normalized_destination("a//b/./c/") == "/a/b/c");
    CHECK(normalized_destination("/a/../../b") == "/b");
    CHECK(normalized_destination("..") == "/");
    CHECK(normalized_destination("/") == "/");
    CHECK(normalized_destination("/...") == "/...");
}
