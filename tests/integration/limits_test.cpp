// runtime-spec config-linux#control-groups: limits as the kernel applies them to the container.
// Needs the controllers, so where the host lacks them this runs in a guest (scripts/test).
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>

#include <filesystem>

using namespace corun::test;

TEST_SUITE_BEGIN("controllers");

namespace {

/// What a file of the container's cgroup says while it waits.
class Limited {
public:
    explicit Limited(Bundle& bundle)
        : bundle_(bundle), container_(runtime_.run_detached(bundle.args({"probe", "pause"}))) {
        container_.wait_for_output("ready");
    }

    Limited(const Limited&) = delete;
    Limited& operator=(const Limited&) = delete;
    Limited(Limited&&) = delete;
    Limited& operator=(Limited&&) = delete;

    ~Limited() { (void)runtime_({"delete", "--force", container_.id()}); }  // leftovers() tells

    [[nodiscard]] std::string operator[](const std::string& file) const {
        return std::string(corun::trim(read_text(cgroup_directory(bundle_.cgroup()) + "/" + file)));
    }

    [[nodiscard]] Container& container() { return container_; }

    [[nodiscard]] Runtime& runtime() { return runtime_; }

private:
    Runtime runtime_;
    Bundle& bundle_;
    Container container_;
};

}  // namespace

TEST_CASE(
    "limits: memory, swap and reservation are written" * needs(Capability::memory_controller)
) {
    Bundle bundle;
    bundle.resources()["memory"] = {{"limit", 64 << 20}, {"reservation", 32 << 20}};

    const Limited limited(bundle);

    CHECK(limited["memory.max"] == "67108864");
    CHECK(limited["memory.low"] == "33554432");
}

TEST_CASE(
    "limits: a container that takes more memory than it may is killed" *
    needs(Capability::memory_controller)
) {
    Runtime runtime;
    Bundle bundle;
    bundle.resources()["memory"] = {{"limit", 32 << 20}};
    bundle.args({"probe", "allocate", "128"});

    const Result result = runtime.run(bundle);

    CHECK(result.exit_code == 137);
    CHECK_FALSE(contains(result.out, "allocate: ok"));
}

TEST_CASE("limits: memory within the limit is granted" * needs(Capability::memory_controller)) {
    Runtime runtime;
    Bundle bundle;
    bundle.resources()["memory"] = {{"limit", 64 << 20}};
    bundle.args({"probe", "allocate", "16"});

    CHECK(has_line("allocate: ok", runtime.run(bundle).out));
}

TEST_CASE("limits: no more processes than pids.limit" * needs(Capability::pids_controller)) {
    Runtime runtime;
    Bundle bundle;
    bundle.resources()["pids"] = {{"limit", 5}};
    bundle.args({"probe", "spawn", "10"});

    CHECK(runtime.run(bundle).out == "spawned=4 error=EAGAIN\n");
}

TEST_CASE("limits: a pids limit of -1 is none" * needs(Capability::pids_controller)) {
    Bundle bundle;
    bundle.resources()["pids"] = {{"limit", -1}};

    CHECK(Limited(bundle)["pids.max"] == "max");
}

TEST_CASE("limits: quota and period bound the processor time" * needs(Capability::cpu_controller)) {
    Runtime runtime;
    Bundle bundle;
    bundle.resources()["cpu"] = {{"quota", 20000}, {"period", 100000}};
    bundle.args({"probe", "burn", "2"});

    const int percent = std::stoi(value_of("cpu-percent", runtime.run(bundle).out));

    CHECK(percent < 40);  // 20 and the granularity of a slow guest
}

TEST_CASE("limits: shares become a weight" * needs(Capability::cpu_controller)) {
    Bundle bundle;
    bundle.resources()["cpu"] = {{"shares", 1024}};

    const int weight = std::stoi(Limited(bundle)["cpu.weight"]);

    // The old linear formula gives 39, the newer quadratic one 100.
    CHECK(weight == (is_corun() ? 100 : 39));
}

TEST_CASE("limits: unified keys are written as they are" * needs(Capability::memory_controller)) {
    Bundle bundle;
    bundle.resources()["unified"] = {{"memory.high", "41943040"}, {"pids.max", "77"}};

    const Limited limited(bundle);

    CHECK(limited["memory.high"] == "41943040");
    CHECK(limited["pids.max"] == "77");
}

TEST_CASE(
    "limits: a unified key that the kernel does not know is an error that names it" *
    needs(Capability::memory_controller)
) {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).resources()["unified"] = {{"memory.nonsense", "1"}};

    CHECK(failed_saying("memory.nonsense", runtime.run(bundle)));
}

TEST_CASE(
    "limits: a limit of a controller that is absent is an error that names it" *
    needs(Capability::memory_controller)
) {
    if (have(Capability::cpuset_controller)) {
        return;  // nothing is absent
    }
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).resources()["cpu"] = {{"cpus", "0"}};

    CHECK(failed_saying("cpuset", runtime.run(bundle)));
}

TEST_CASE("limits: block IO is bounded per device" * needs(Capability::io_controller)) {
    Bundle bundle;
    bundle.resources()["blockIO"] = {
        {"throttleReadBpsDevice", {{{"major", 98}, {"minor", 0}, {"rate", 1048576}}}}};
    if (!std::filesystem::exists("/sys/dev/block/98:0")) {
        return;  // only the guest has this disk
    }

    CHECK(contains(Limited(bundle)["io.max"], "98:0 rbps=1048576"));
}

TEST_CASE("limits: exec runs inside the container's limits" * needs(Capability::pids_controller)) {
    Bundle bundle;
    bundle.resources()["pids"] = {{"limit", 40}};  // room for the threads of another runtime
    Limited limited(bundle);

    CHECK(limited.container().exec({"probe", "spawn", "60"}).out == "spawned=38 error=EAGAIN\n");
}

TEST_CASE(
    "limits: nothing is left of a container that ran out of memory" *
    needs(Capability::memory_controller)
) {
    Runtime runtime;
    Bundle bundle;
    bundle.resources()["memory"] = {{"limit", 16 << 20}};
    bundle.args({"probe", "allocate", "64"});

    (void)runtime.run(bundle);  // killed; the test above tells

    CHECK(runtime.leftovers().empty());
}

TEST_SUITE_END();

TEST_CASE(
    "device filter: what is not allowed cannot be opened, what is allowed can" *
    needs(Capability::device_filter)
) {
    Runtime runtime;
    Bundle bundle;
    bundle.capabilities({"CAP_MKNOD"}).writable_root();
    bundle.resources()["devices"] = {
        {{"allow", false}, {"access", "rwm"}},
        {{"allow", true}, {"type", "c"}, {"major", 1}, {"minor", 3}, {"access", "rw"}},
    };
    bundle.linux_section()["devices"] = {
        {{"path", "/dev/disk"}, {"type", "b"}, {"major", 7}, {"minor", 0}, {"fileMode", 0666}},
    };
    bundle.args(
        {"probe",
         "try-open",
         "/dev/null",
         ",",
         "try-open",
         "/dev/disk",
         ",",
         "try-open",
         "/dev/urandom"}
    );

    const Result result = runtime.run(bundle);

    CHECK(has_line("open /dev/null: ok", result.out));
    CHECK(has_line("open /dev/disk: EPERM", result.out));
    CHECK(has_line("open /dev/urandom: ok", result.out));  // one of the default devices
}

TEST_CASE(
    "limits: on a host without the controller a limit is an error, never ignored" *
    needs(Capability::corun_itself)
) {
    if (have(Capability::memory_controller)) {
        return;  // the limit would be applied
    }
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).resources()["memory"] = {{"limit", 64 << 20}};

    CHECK(failed_saying("memory", runtime.run(bundle)));
    CHECK(runtime.leftovers().empty());
}
