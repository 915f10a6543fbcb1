// What a test needs of the machine. A test that lacks it is skipped by name with the reason:
//     TEST_CASE("limits: …" * needs(Capability::memory_controller)) { … }
#pragma once

#include <doctest/doctest.h>

namespace corun::test {

enum class Capability {
    root,
    cgroup2,  // /sys/fs/cgroup is a cgroup v2 hierarchy
    cpu_controller,
    cpuset_controller,
    io_controller,
    io_weight,
    bfq_disk,  // nullb0 of null_blk, scheduled by BFQ
    hugetlb_controller,
    rdma_controller,
    pressure,  // PSI
    memory_controller,
    pids_controller,
    device_filter,  // eBPF programs attached to a cgroup
    systemd,        // as the init of a cgroup v2 host
    time_namespace,
    two_cpus,
    idmapped_mounts,
    subordinate_ids,  // newuidmap and newgidmap, for root to become a user who has some
    veth,             // pairs of network devices can be made
    criu,             // installed, and able to work with this kernel
    corun_itself,     // not to be expected of another runtime
};

[[nodiscard]] bool have(Capability capability);
[[nodiscard]] const char* name_of(Capability capability);

/// doctest decorator.
class needs {  // NOLINT(readability-identifier-naming): reads as a word among doctest's own
public:
    explicit needs(Capability capability) : capability_(capability) {}

    void fill(doctest::detail::TestCase& test) const {
        if (!have(capability_)) {
            test.m_skip = true;
            test.m_description = name_of(capability_);
        }
    }

private:
    Capability capability_;
};

}  // namespace corun::test
