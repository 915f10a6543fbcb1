#include "capability.hpp"

#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/spawn.hpp"
#include "corun/sys/uapi.hpp"
#include "proc.hpp"
#include "runtime.hpp"

#include <sched.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace corun::test {

namespace {

bool cgroup2_is_mounted() {
    struct statfs info {};

    return ::statfs("/sys/fs/cgroup", &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC;
}

bool has_controller(std::string_view name) {
    const std::string list =
        sys::try_read_file(sys::FdRef::cwd(), "/sys/fs/cgroup/cgroup.controllers").value_or("");
    for (const std::string_view word : split(trim(list), ' ')) {
        if (word == name) {
            return cgroup2_is_mounted();
        }
    }
    return false;
}

bool file_exists(const std::string& path) {
    return sys::try_fstatat(sys::FdRef::cwd(), path).has_value();
}

bool two_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    return ::sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) >= 2;
}

/// tmpfs learnt idmapped mounts in Linux 6.3, which brought this file as well; and the tests' files
/// lie on a tmpfs in the guest.
bool idmapped_tmpfs() {
    return file_exists("/proc/sys/vm/memfd_noexec");
}

bool nullb0_has_bfq() {
    const auto schedulers =
        sys::try_read_file(sys::FdRef::cwd(), "/sys/block/nullb0/queue/scheduler");
    return schedulers && schedulers->find("[bfq]") != std::string::npos;
}

/// Made and removed in a network namespace of its own.
bool can_make_veth() {
    static const bool can =
        ::geteuid() == 0 &&
        run({"unshare", "--net", "ip", "link", "add", "x", "type", "veth"}).exit_code == 0;
    return can;
}

/// Asked once: it takes a while.
bool criu_works() {
    static const bool works = ::geteuid() == 0 && sys::find_program("criu") &&
                              run({"/bin/sh", "-c", "criu check"}).exit_code == 0;
    return works;
}

}  // namespace

bool have(Capability capability) {
    switch (capability) {
        case Capability::root:
            return ::geteuid() == 0;
        case Capability::cgroup2:
            return cgroup2_is_mounted();
        case Capability::cpu_controller:
            return has_controller("cpu");
        case Capability::cpuset_controller:
            return has_controller("cpuset");
        case Capability::io_controller:
            return has_controller("io");
        case Capability::io_weight:
            return has_controller("io") && file_exists("/sys/fs/cgroup/io.cost.qos");
        case Capability::bfq_disk:
            return has_controller("io") && nullb0_has_bfq();
        case Capability::hugetlb_controller:
            return has_controller("hugetlb") &&
                   file_exists("/sys/kernel/mm/hugepages/hugepages-2048kB");
        case Capability::rdma_controller:
            return has_controller("rdma");
        case Capability::pressure:
            return cgroup2_is_mounted() && file_exists("/proc/pressure/cpu");
        case Capability::memory_controller:
            return has_controller("memory");
        case Capability::pids_controller:
            return has_controller("pids");
        case Capability::device_filter:
            return cgroup2_is_mounted() && ::geteuid() == 0;
        case Capability::systemd:
            return cgroup2_is_mounted() && file_exists("/run/systemd/system") &&
                   file_exists("/run/systemd/private");
        case Capability::time_namespace:
            return file_exists("/proc/self/ns/time");
        case Capability::two_cpus:
            return two_cpus();
        case Capability::idmapped_mounts:
            return idmapped_tmpfs();
        case Capability::subordinate_ids:
            return ::geteuid() == 0 && file_exists("/usr/bin/newuidmap") && is_corun();
        case Capability::veth:
            return can_make_veth();
        case Capability::criu:
            return criu_works();
        case Capability::corun_itself:
            return is_corun();
    }
    return false;
}

const char* name_of(Capability capability) {
    switch (capability) {
        case Capability::root:
            return "root";
        case Capability::cgroup2:
            return "cgroup v2 at /sys/fs/cgroup";
        case Capability::cpu_controller:
            return "the cpu controller";
        case Capability::cpuset_controller:
            return "the cpuset controller";
        case Capability::io_controller:
            return "the io controller";
        case Capability::io_weight:
            return "the io controller with weights (iocost)";
        case Capability::bfq_disk:
            return "a disk nullb0 with BFQ (modprobe null_blk bfq; "
                   "echo bfq >/sys/block/nullb0/queue/scheduler)";
        case Capability::hugetlb_controller:
            return "the hugetlb controller with pages of 2 MB";
        case Capability::rdma_controller:
            return "the rdma controller";
        case Capability::pressure:
            return "pressure stall information";
        case Capability::memory_controller:
            return "the memory controller";
        case Capability::pids_controller:
            return "the pids controller";
        case Capability::device_filter:
            return "eBPF device filters";
        case Capability::systemd:
            return "systemd as the init of a cgroup v2 host";
        case Capability::time_namespace:
            return "time namespaces";
        case Capability::two_cpus:
            return "two processors";
        case Capability::veth:
            return "root, ip(8) and veth network devices";
        case Capability::idmapped_mounts:
            return "idmapped mounts on tmpfs (Linux 6.3)";
        case Capability::subordinate_ids:
            return "newuidmap and newgidmap (Debian package uidmap)";
        case Capability::criu:
            return "a criu that works with this kernel (`criu check`)";
        case Capability::corun_itself:
            return "corun (this is another runtime)";
    }
    return "?";
}

}  // namespace corun::test
