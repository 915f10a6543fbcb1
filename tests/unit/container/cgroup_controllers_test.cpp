// Why a controller is missing; the rest is tested with the kernel in cgroup_kernel_test.
#include "corun/container/cgroup_controllers.hpp"

#include <doctest/doctest.h>

using namespace corun::container;

TEST_CASE("controllers: what helps against a missing one depends on who has it") {
    const std::string text =
        "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
        "cpu\t1\t1\t1\nblkio\t7\t1\t1\nmemory\t0\t1\t0\npids\t0\t1\t1\n";

    CHECK(
        remedy_for_missing_controller("cpu", text) ==
        " (a cgroup v1 hierarchy holds it: boot with cgroup_no_v1=cpu, or "
        "systemd.unified_cgroup_hierarchy=1)"
    );
    CHECK(
        remedy_for_missing_controller("io", text) ==
        " (a cgroup v1 hierarchy holds it: boot with cgroup_no_v1=blkio, or "
        "systemd.unified_cgroup_hierarchy=1)"
    );
    CHECK(
        remedy_for_missing_controller("memory", text) ==
        " (it is switched off: boot without cgroup_disable=memory)"
    );
    CHECK(remedy_for_missing_controller("pids", text).empty());
    CHECK(remedy_for_missing_controller("rdma", text) == " (this kernel is built without it)");
}
