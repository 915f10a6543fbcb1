// runtime-spec config-linux#namespaces: new ones, the host's, and those joined by path.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

using namespace corun::test;

namespace {

const std::vector<std::pair<std::string, std::string>> kNamespaces = {
    {"cgroup", "ns-cgroup"},
    {"ipc", "ns-ipc"},
    {"mount", "ns-mnt"},
    {"network", "ns-net"},
    {"pid", "ns-pid"},
    {"uts", "ns-uts"},
};

std::string of_process(pid_t pid, const std::string& file) {
    return std::filesystem::read_symlink(corun::concat("/proc/", pid, "/ns/", file));
}

std::string file_of(const std::string& key) {
    return key.substr(3);
}

}  // namespace

TEST_CASE("namespaces: each one asked for is new") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "namespaces"});

    const Result result = runtime.run(bundle);

    for (const auto& [type, key] : kNamespaces) {
        INFO(type);
        CHECK(value_of(key, result.out) != of_process(::getpid(), file_of(key)));
    }
    CHECK(value_of("ns-user", result.out) == of_process(::getpid(), "user"));
}

TEST_CASE("namespaces: one that is not asked for is the host's") {
    for (const std::string type : {"cgroup", "ipc", "network", "uts"}) {
        INFO(type);
        Runtime runtime;
        Bundle bundle;
        bundle.without_namespace(type).args({"probe", "namespaces"});
        // A host name needs a namespace of its own, sysfs a network namespace.
        bundle.json().erase("hostname");

        const Result result = runtime.run(bundle);

        const auto entry =
            std::find_if(kNamespaces.begin(), kNamespaces.end(), [&](const auto& pair) {
                return pair.first == type;
            });
        CHECK_MESSAGE(result.exit_code == 0, result.err);
        CHECK(
            value_of(entry->second, result.out) == of_process(::getpid(), file_of(entry->second))
        );
    }
}

TEST_CASE("namespaces: those of another container are joined by path") {
    Runtime runtime;
    Bundle first_bundle;
    first_bundle.args({"probe", "pause"}).hostname("first");
    Container first = runtime.run_detached(first_bundle);
    for (const auto& [type, key] : kNamespaces) {
        if (type == "mount") {
            continue;
        }
        INFO(type);
        Bundle bundle;
        bundle.args({"probe", "namespaces"});
        bundle.json().erase("hostname");
        bundle.join_namespace(type, corun::concat("/proc/", first.pid(), "/ns/", file_of(key)));

        const Result result = runtime.run(bundle);

        CHECK_MESSAGE(result.exit_code == 0, result.err);
        CHECK(value_of(key, result.out) == of_process(first.pid(), file_of(key)));
    }
    first.kill("KILL");
    first.wait();
    first.remove();
}

TEST_CASE("namespaces: in a joined pid namespace the payload is not the first process") {
    Runtime runtime;
    Bundle first_bundle;
    first_bundle.args({"probe", "pause"});
    Container first = runtime.run_detached(first_bundle);
    Bundle bundle;
    bundle.args({"probe", "pids"});
    bundle.join_namespace("pid", corun::concat("/proc/", first.pid(), "/ns/pid"));

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(value_of("pid", result.out) != "1");
    first.kill("KILL");
    first.wait();
    first.remove();
}

TEST_CASE("namespaces: a path to a namespace of another kind is an error") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).join_namespace("network", "/proc/self/ns/ipc");

    CHECK(failed_saying("/proc/self/ns/ipc", runtime.run(bundle)));
}

TEST_CASE("namespaces: a path to nothing is an error that names it") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).join_namespace("network", "/run/netns/none");

    CHECK(failed_saying("/run/netns/none", runtime.run(bundle)));
}

TEST_CASE("namespaces: one that is listed twice is an error") {
    if (runtime_binary().ends_with("/crun")) {
        return;  // crun 1.8 takes it
    }
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).add_namespace("network");

    CHECK(failed_saying("/linux/namespaces", runtime.run(bundle)));
}

TEST_CASE("namespaces: one of an unknown type is an error that names it") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).add_namespace("space");

    CHECK(failed_saying("space", runtime.run(bundle)));
}

TEST_CASE("namespaces: a new network has a loopback interface that is up, and nothing else") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "interfaces"});

    CHECK(contains(runtime.run(bundle).out, "interface=lo up\n"));
}

TEST_CASE("namespaces: the cgroup namespace's root is the container's own cgroup") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "read", "/proc/self/cgroup"});

    CHECK(contains(runtime.run(bundle).out, "0::/\n"));
}

TEST_CASE(
    "namespaces: time offsets are the document's" * needs(Capability::time_namespace) *
    needs(Capability::corun_itself)
) {
    Runtime runtime;
    Bundle bundle;
    bundle.add_namespace("time").args({"probe", "read", "/proc/self/timens_offsets"});
    bundle.linux_section()["timeOffsets"] = {
        {"boottime", {{"secs", 100000}}}, {"monotonic", {{"secs", 2000}, {"nanosecs", 5}}}};

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(contains(result.out, "100000"));
    CHECK(contains(result.out, "2000"));
}

TEST_CASE("user namespace: ids are mapped as the document says") {
    Runtime runtime;
    Bundle bundle;
    bundle.map_ids(200000, 1000)
        .args({"probe", "ids", ",", "read", "/proc/self/uid_map", ",", "read", "/proc/self/gid_map"}
        );

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(value_of("uid", result.out) == "0,0,0");
    CHECK(contains(result.out, "200000"));
}

TEST_CASE("user namespace: seen from the host the payload is the mapped user") {
    Runtime runtime;
    Bundle bundle;
    bundle.map_ids(200000, 1000).user(7, 8).args({"probe", "pause"});

    Container container = runtime.run_detached(bundle);

    const std::string status = read_text(corun::concat("/proc/", container.pid(), "/status"));
    CHECK(contains(status, "Uid:\t200007\t200007"));
    CHECK(contains(status, "Gid:\t200008\t200008"));
    container.kill("KILL");
    container.wait();
    container.remove();
}

TEST_CASE("user namespace: an id that is not mapped cannot be the payload's") {
    Runtime runtime;
    Bundle bundle;
    bundle.map_ids(200000, 10).user(11, 11).args({"true"});

    const Result result = runtime.run(bundle);

    CHECK(result.exit_code != 0);
    CHECK(result.err != "");
}

TEST_CASE("user namespace: mappings without one are an error") {
    if (!is_corun()) {
        return;  // crun ignores them
    }
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"});
    bundle.linux_section()["uidMappings"] = {{{"containerID", 0}, {"hostID", 1}, {"size", 1}}};

    CHECK(failed_saying("/linux/uidMappings", runtime.run(bundle)));
}

TEST_CASE("user namespace: devices and mounts work in it") {
    Runtime runtime;
    Bundle bundle;
    bundle.map_ids(200000, 65536)
        .args(
            {"probe",
             "try-write",
             "/dev/null",
             ",",
             "try-open",
             "/dev/zero",
             ",",
             "mount",
             "/dev/pts"}
        );

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(has_line("write /dev/null: ok", result.out));
    CHECK(has_line("open /dev/zero: ok", result.out));
    CHECK(has_line("type=devpts", result.out));
}

TEST_CASE("user namespace: a device that the host has not got is there, with its mode and owner") {
    Runtime runtime;
    Bundle bundle;
    bundle.map_ids(200000, 65536).linux_section()["devices"] = {
        {{"path", "/dev/not-on-the-host"},
         {"type", "c"},
         {"major", 1},
         {"minor", 5},
         {"fileMode", 0646},
         {"uid", 10},
         {"gid", 11}},
    };
    bundle.args({"probe", "stat", "/dev/not-on-the-host", ",", "try-open", "/dev/not-on-the-host"});

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(has_line("/dev/not-on-the-host: char 0646 10:11 1:5", result.out));
    CHECK(has_line("open /dev/not-on-the-host: ok", result.out));
}

TEST_CASE("user namespace: a device that the host has with another mode has the one asked for") {
    Runtime runtime;
    Bundle bundle;
    bundle.map_ids(200000, 65536).linux_section()["devices"] = {
        {{"path", "/dev/zero"}, {"type", "c"}, {"major", 1}, {"minor", 5}, {"fileMode", 0604}},
    };
    bundle.args({"probe", "stat", "/dev/zero"});

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(has_line("/dev/zero: char 0604 0:0 1:5", result.out));
}

TEST_CASE("user namespace: a device whose owner is not mapped is the host's own") {
    Runtime runtime;
    Bundle bundle;
    bundle.map_ids(200000, 65536).linux_section()["devices"] = {
        {{"path", "/dev/zero"}, {"type", "c"}, {"major", 1}, {"minor", 5}, {"uid", 70000}},
    };
    bundle.args({"probe", "stat", "/dev/zero"});

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(has_line("/dev/zero: char 0666 65534:65534 1:5", result.out));
}

TEST_CASE("namespaces: a bundle in a directory that is closed to the container's root runs") {
    Runtime runtime;
    Bundle bundle;
    bundle.map_ids(100000, 65536).args({"echo", "inside"});
    bundle.write();
    REQUIRE(::chown(bundle.path().c_str(), 12345, 12345) == 0);
    REQUIRE(::chmod(bundle.path().c_str(), 0700) == 0);

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.out == "inside\n", result.err);
}
