// `update`: new limits for a container, as options and as JSON.
#include "capability.hpp"
#include "waiting.hpp"

#include <doctest/doctest.h>

using namespace corun::test;

namespace {

bool succeeded(const Result& result) {
    INFO(result.err);
    CHECK(result.exit_code == 0);
    return result.exit_code == 0;
}

}  // namespace

TEST_CASE("update: what cannot be is refused by name" * needs(Capability::corun_itself)) {
    Bundle bundle;
    Waiting waiting(bundle);

    CHECK(failed_saying("--memory: expected a size", waiting.update({"--memory", "lots"})));
    CHECK(failed_saying("--cpu-quota: expected a number", waiting.update({"--cpu-quota=1s"})));
    CHECK(failed_saying("--cpu-rt-runtime: cgroup v2", waiting.update({"--cpu-rt-runtime=5"})));
    CHECK(failed_saying("--l3-cache-schema: ", waiting.update({"--l3-cache-schema=L3:0=f"})));
    CHECK(failed_saying("--mem-bw-schema: ", waiting.update({"--mem-bw-schema=MB:0=20"})));
    CHECK(failed_saying("--resources '/nowhere': ", waiting.update({"-r", "/nowhere"})));
    CHECK(failed_saying(
        "--resources -: /memory/limit: expected",
        waiting.update({"-r", "-"}, R"({"memory":{"limit":"x"}})")
    ));
    CHECK(failed_saying("--resources -: line 1", waiting.update({"-r", "-"}, "{")));
}

TEST_CASE(
    "update: a container that has ended, or is none, is refused" * needs(Capability::cgroup2)
) {
    Runtime runtime;
    Bundle bundle;
    Container container = runtime.run_detached(bundle.args({"true"}));
    container.wait();

    CHECK(failed_saying(
        "container not running", runtime({"update", "--pids-limit=5", container.id()})
    ));
    CHECK(failed_saying("container does not exist", runtime({"update", "--pids-limit=5", "none"})));
    container.remove();
}

TEST_CASE(
    "update: a limit of a controller that is absent names option and controller" *
    needs(Capability::corun_itself)
) {
    if (have(Capability::memory_controller)) {
        return;  // it would be applied
    }
    Bundle bundle;
    Waiting waiting(bundle);

    CHECK(failed_saying("--memory: controller 'memory'", waiting.update({"--memory", "64m"})));
}

TEST_CASE("update: kernel memory is accepted with a warning" * needs(Capability::corun_itself)) {
    Bundle bundle;
    Waiting waiting(bundle);

    const Result option = waiting.update({"--kernel-memory", "64m"});
    const Result json = waiting.update({"--resources=-"}, R"({"memory":{"kernel":1000000}})");

    CHECK(succeeded(option));
    CHECK(contains(option.err, "--kernel-memory is ignored"));
    CHECK(succeeded(json));
    CHECK(contains(json.err, "kernel memory is ignored"));
}

TEST_SUITE_BEGIN("controllers");

TEST_CASE("update: options become limits" * needs(Capability::memory_controller)) {
    Bundle bundle;
    Waiting waiting(bundle);

    CHECK(succeeded(waiting.update(
        {"--memory",
         "64m",
         "--memory-reservation=32M",
         "--pids-limit",
         "20",
         "--cpu-share=512",
         "--cpu-quota=20000",
         "--cpu-period=50000",
         "--cpu-burst=5000"}
    )));

    CHECK(waiting["memory.max"] == "67108864");
    CHECK(waiting["memory.low"] == "33554432");
    CHECK(waiting["pids.max"] == "20");
    CHECK(waiting["cpu.weight"] == "59");
    CHECK(waiting["cpu.max"] == "20000 50000");
    CHECK(waiting["cpu.max.burst"] == "5000");
}

TEST_CASE("update: -1 lifts a limit" * needs(Capability::memory_controller)) {
    Bundle bundle;
    bundle.resources()["memory"] = {{"limit", 64 << 20}};
    bundle.resources()["pids"] = {{"limit", 20}};
    bundle.resources()["cpu"] = {{"quota", 20000}};
    Waiting waiting(bundle);

    CHECK(succeeded(waiting.update({"--memory=-1", "--pids-limit=-1", "--cpu-quota=-1"})));

    CHECK(waiting["memory.max"] == "max");
    CHECK(waiting["pids.max"] == "max");
    CHECK(waiting["cpu.max"] == "max 100000");
}

TEST_CASE("update: a lone quota or period keeps the other" * needs(Capability::cpu_controller)) {
    Bundle bundle;
    bundle.resources()["cpu"] = {{"quota", 20000}, {"period", 50000}};
    Waiting waiting(bundle);

    CHECK(succeeded(waiting.update({"--cpu-period=80000"})));
    CHECK(waiting["cpu.max"] == "20000 80000");
    CHECK(succeeded(waiting.update({"--cpu-quota=30000"})));
    CHECK(waiting["cpu.max"] == "30000 80000");
}

TEST_CASE("update: an idle container, and back" * needs(Capability::cpu_controller)) {
    Bundle bundle;
    Waiting waiting(bundle);

    CHECK(succeeded(waiting.update({"--cpu-idle=1"})));
    CHECK(waiting["cpu.idle"] == "1");
    CHECK(succeeded(waiting.update({"--cpu-idle=0"})));
    CHECK(waiting["cpu.idle"] == "0");
}

TEST_CASE("update: JSON in a file and on standard input" * needs(Capability::pids_controller)) {
    Bundle bundle;
    Waiting waiting(bundle);
    write_text(bundle.path("new.json"), R"({"pids":{"limit":30},"devices":[{"allow":false}]})");

    CHECK(succeeded(waiting.update({"--resources", bundle.path("new.json")})));
    CHECK(waiting["pids.max"] == "30");
    CHECK(succeeded(waiting.update({"-r", "-"}, R"({"pids":{"limit":31}})")));
    CHECK(waiting["pids.max"] == "31");
    const Result both = waiting.update({"-r", "-", "--memory=1m"}, R"({"pids":{"limit":32}})");
    CHECK(waiting["pids.max"] == "32");
    CHECK(contains(both.err, "--memory is ignored: --resources is given"));
    CHECK(waiting["memory.max"] == "max");
}

TEST_CASE(
    "update: what docker leaves alone it sends as zeros" * needs(Capability::cpu_controller)
) {
    Bundle bundle;
    bundle.resources()["cpu"] = {{"shares", 1024}, {"quota", 20000}, {"period", 50000}};
    Waiting waiting(bundle);

    CHECK(succeeded(waiting.update(
        {"-r", "-"},
        R"({"memory":{"limit":0,"swap":0,"reservation":0},"blockIO":{"weight":0},
            "cpu":{"shares":0,"quota":0,"period":0,"cpus":"","mems":""}})"
    )));

    CHECK(waiting["cpu.max"] == "20000 50000");
    CHECK(waiting["cpu.weight"] == "100");
    CHECK(waiting["memory.max"] == "max");
}

TEST_CASE(
    "update: of several limits all are applied or none" * needs(Capability::pids_controller)
) {
    Bundle bundle;
    bundle.resources()["pids"] = {{"limit", 20}};
    Waiting waiting(bundle);

    const Result result =
        waiting.update({"-r", "-"}, R"({"pids":{"limit":30},"unified":{"pids.nonsense":"1"}})");

    CHECK(failed_saying("/linux/resources/unified/pids.nonsense: write '1'", result));
    CHECK(waiting["pids.max"] == "20");
}

TEST_CASE("update: a created and a paused container" * needs(Capability::pids_controller)) {
    Runtime runtime;
    Bundle bundle;
    Container container = runtime.create(bundle.args({"probe", "pause"}));
    const auto limit = [&] { return read_text(cgroup_directory(bundle.cgroup()) + "/pids.max"); };

    runtime.expect_success({"update", "--pids-limit=21", container.id()});
    CHECK(limit() == "21\n");
    container.start();
    container.wait_for_output("ready");
    CHECK(limit() == "21\n");
    runtime.expect_success({"pause", container.id()});
    runtime.expect_success({"update", "--pids-limit=22", container.id()});
    CHECK(limit() == "22\n");
    CHECK(container.status() == "paused");
    runtime.expect_success({"delete", "--force", container.id()});
}

TEST_CASE("update: exec meets the new limit" * needs(Capability::pids_controller)) {
    Runtime runtime;
    Bundle bundle;
    Container container = runtime.run_detached(bundle.args({"probe", "pause"}));
    container.wait_for_output("ready");

    runtime.expect_success({"update", "--pids-limit=40", container.id()});

    CHECK(container.exec({"probe", "spawn", "60"}).out == "spawned=38 error=EAGAIN\n");
    runtime.expect_success({"delete", "--force", container.id()});
}

TEST_CASE(
    "update: checkBeforeUpdate of the bundle refuses a limit below the usage" *
    needs(Capability::memory_controller)
) {
    Bundle bundle;
    bundle.resources()["memory"] = {{"limit", 64 << 20}, {"checkBeforeUpdate", true}};
    Waiting waiting(bundle);

    CHECK(failed_saying(
        "--memory: limit 4096 is not above the usage", waiting.update({"--memory=4k"})
    ));

    CHECK(waiting["memory.max"] == "67108864");
}

TEST_CASE("update: block IO of one device leaves the others" * needs(Capability::io_controller)) {
    if (!corun::test::contains(read_text("/proc/partitions"), "ubda")) {
        return;  // only the guest has this disk
    }
    Bundle bundle;
    bundle.resources()["blockIO"] = {
        {"throttleReadBpsDevice", {{{"major", 98}, {"minor", 0}, {"rate", 1048576}}}}};
    Waiting waiting(bundle);

    CHECK(succeeded(waiting.update(
        {"-r", "-"},
        R"({"blockIO":{"throttleWriteBpsDevice":[{"major":98,"minor":0,"rate":4096},
                                                 {"major":98,"minor":0,"rate":8192}]}})"
    )));

    CHECK(contains(waiting["io.max"], "98:0 rbps=1048576 wbps=8192"));
}

TEST_SUITE_END();
