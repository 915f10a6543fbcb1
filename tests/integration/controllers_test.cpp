// runtime-spec config-linux#control-groups: controllers that few kernels have all of. The guest of
// scripts/with-controllers lacks most; a Debian cloud kernel has them (see the skips' reasons).
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "waiting.hpp"

#include <doctest/doctest.h>

using namespace corun::test;

TEST_SUITE_BEGIN("controllers");

TEST_CASE(
    "controllers: cpuset binds to processors and nodes" * needs(Capability::cpuset_controller)
) {
    Bundle bundle;
    bundle.resources()["cpu"] = {{"cpus", "0"}, {"mems", "0"}};
    Waiting waiting(bundle);

    CHECK(waiting["cpuset.cpus"] == "0");
    CHECK(waiting["cpuset.mems"] == "0");
    CHECK(contains(
        waiting.container().exec({"busybox", "grep", "Cpus_allowed_list", "/proc/self/status"}).out,
        "\t0\n"
    ));
    CHECK(waiting.stats()["cpuset"]["cpus"] == Json{0});
}

TEST_CASE("controllers: update changes the cpuset" * needs(Capability::cpuset_controller)) {
    if (!have(Capability::two_cpus)) {
        return;  // nothing to change to
    }
    Bundle bundle;
    bundle.resources()["cpu"] = {{"cpus", "0"}};
    Waiting waiting(bundle);

    waiting.runtime().expect_success({"update", "--cpuset-cpus=1", waiting.id()});

    CHECK(waiting["cpuset.cpus.effective"] == "1");
    CHECK(failed_saying(
        "--cpuset-cpus: write '4000' to",
        waiting.runtime()({"update", "--cpuset-cpus=4000", waiting.id()})
    ));
    CHECK(waiting["cpuset.cpus"] == "1");
}

TEST_CASE("controllers: a block IO weight, and its update" * needs(Capability::io_weight)) {
    Bundle bundle;
    bundle.resources()["blockIO"] = {{"weight", 500}};
    Waiting waiting(bundle);
    // BFQ, where it is loaded, has a file of its own with version 1's range.
    const bool has_bfq = waiting.has("io.bfq.weight");
    const std::string file = has_bfq ? "io.bfq.weight" : "io.weight";

    CHECK(waiting[file] == (has_bfq ? "default 500" : "default 4950"));
    waiting.runtime().expect_success({"update", "--blkio-weight=1000", waiting.id()});
    CHECK(waiting[file] == (has_bfq ? "default 1000" : "default 10000"));
}

TEST_CASE("controllers: a block IO weight for one disk" * needs(Capability::bfq_disk)) {
    const std::string device(corun::trim(read_text("/sys/block/nullb0/dev")));
    const int major = std::stoi(device);
    const int minor = std::stoi(device.substr(device.find(':') + 1));
    Bundle bundle;
    bundle.resources()["blockIO"] = {
        {"weight", 300}, {"weightDevice", {{{"major", major}, {"minor", minor}, {"weight", 700}}}}};

    const Waiting waiting(bundle);

    CHECK(has_line("default 300", waiting["io.bfq.weight"]));
    CHECK(has_line(device + " 700", waiting["io.bfq.weight"]));
}

TEST_CASE(
    "controllers: huge pages are limited, reserved ones too" * needs(Capability::hugetlb_controller)
) {
    Bundle bundle;
    bundle.resources()["hugepageLimits"] = {{{"pageSize", "2MB"}, {"limit", 4 << 20}}};
    Waiting waiting(bundle);

    CHECK(waiting["hugetlb.2MB.max"] == "4194304");
    CHECK(waiting["hugetlb.2MB.rsvd.max"] == "4194304");
    CHECK(waiting.stats()["hugetlb"]["2MB"]["failcnt"] == 0);
}

TEST_CASE(
    "controllers: a page size that is none here is an error that names it" *
    needs(Capability::hugetlb_controller)
) {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).resources()["hugepageLimits"] = {{{"pageSize", "7MB"}, {"limit", 0}}};

    CHECK(failed_saying("hugetlb.7MB.max", runtime.run(bundle)));
    CHECK(runtime.leftovers().empty());
}

TEST_CASE(
    "controllers: an RDMA device that is none here is an error that names it" *
    needs(Capability::rdma_controller)
) {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).resources()["rdma"] = {{"mlx5_7", {{"hcaHandles", 3}}}};

    CHECK(failed_saying(
        "/linux/resources/rdma/mlx5_7: write 'mlx5_7 hca_handle=3'", runtime.run(bundle)
    ));
}

TEST_CASE(
    "controllers: pressure is told of processor, memory and block IO" * needs(Capability::pressure)
) {
    Bundle bundle;
    Waiting waiting(bundle);

    const Json stats = waiting.stats();

    CHECK(stats["cpu"]["psi"]["some"].contains("avg10"));
    CHECK(stats["blkio"]["psi"]["full"].contains("total"));
    if (have(Capability::memory_controller)) {
        CHECK(stats["memory"]["psi"]["some"].contains("avg300"));
    }
}

TEST_SUITE_END();

TEST_CASE(
    "intel rdt: without resctrl it is an error with the remedy" * needs(Capability::corun_itself)
) {
    if (std::filesystem::exists("/sys/fs/resctrl/schemata")) {
        return;  // it would be applied
    }
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).linux_section()["intelRdt"] = {{"l3CacheSchema", "L3:0=f"}};

    CHECK(failed_saying(
        "/linux/intelRdt: no resctrl file system at '/sys/fs/resctrl' (mount -t resctrl",
        runtime.run(bundle)
    ));
    CHECK(runtime.leftovers().empty());
}
