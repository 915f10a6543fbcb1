// The systemd cgroup driver under a real systemd: the container is a unit, with the same limits in
// systemd and in the kernel, and the unit is gone whenever the container is. Run under
// scripts/with-systemd; the limits where there are controllers.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/stat.h>

#include <filesystem>

using namespace corun::test;

TEST_SUITE_BEGIN("systemd");

namespace {

using corun::concat;

std::string systemctl(std::vector<std::string> words) {
    words.insert(words.begin(), "systemctl");
    return std::string(corun::trim(run(words).out));
}

std::string property(const std::string& unit, const std::string& name) {
    return systemctl({"show", unit, "--property", name, "--value"});
}

bool is_known(const std::string& unit) {
    return property(unit, "LoadState") != "not-found";
}

/// A runtime that is told to use systemd where containers are made, and only there.
class Systemd {
public:
    /// A container of that bundle in `SLICE:corun-test:ID`; it runs when this returns.
    void start(Bundle& bundle, const std::string& slice = "") {
        id_ = runtime_.new_id();
        bundle.linux_section()["cgroupsPath"] = concat(slice, ":corun-test:", id_);
        runtime_.expect_success(words("run", bundle, {"--detach"}));
    }

    [[nodiscard]] Result run(Bundle& bundle, const std::string& cgroups_path = "") {
        id_ = runtime_.new_id();
        bundle.linux_section()["cgroupsPath"] =
            cgroups_path.empty() ? concat(":corun-test:", id_) : cgroups_path;
        return runtime_(words("run", bundle, {}));
    }

    [[nodiscard]] Process spawn_create(Bundle& bundle) {
        id_ = runtime_.new_id();
        bundle.linux_section()["cgroupsPath"] = concat(":corun-test:", id_);
        return runtime_.spawn(words("create", bundle, {}));
    }

    [[nodiscard]] std::string unit() const { return concat("corun-test-", id_, ".scope"); }

    [[nodiscard]] std::string property(const std::string& name) const {
        return ::property(unit(), name);
    }

    /// What a file of the unit's cgroup says.
    [[nodiscard]] std::string file(const std::string& name) const {
        const std::string directory = cgroup_directory(property("ControlGroup"));
        return std::string(corun::trim(read_text(concat(directory, "/", name))));
    }

    [[nodiscard]] Result exec(std::vector<std::string> command) {
        command.insert(command.begin(), {"exec", id_});
        return runtime_(command);
    }

    void remove() { runtime_.expect_success({"delete", "--force", id_}); }

    [[nodiscard]] Runtime& runtime() { return runtime_; }

    [[nodiscard]] const std::string& id() const { return id_; }

private:
    [[nodiscard]] std::vector<std::string> words(
        const std::string& verb, const Bundle& bundle, const std::vector<std::string>& options
    ) const {
        std::vector<std::string> out{"--systemd-cgroup", verb, "--bundle", bundle.write()};
        out.insert(out.end(), options.begin(), options.end());
        out.push_back(id_);
        return out;
    }

    Runtime runtime_;
    std::string id_;
};

Bundle sleeping() {
    Bundle bundle;
    bundle.args({"sleep", "1000"});
    return bundle;
}

bool is_gone(const Systemd& systemd) {
    return !is_known(systemd.unit()) &&
           !std::filesystem::exists(cgroup_directory(concat("/system.slice/", systemd.unit())));
}

}  // namespace

TEST_CASE("systemd: a container is a scope in the slice asked for" * needs(Capability::systemd)) {
    Systemd systemd;
    Bundle bundle = sleeping();

    systemd.start(bundle, "corun-a.slice");

    CHECK(systemd.property("ActiveState") == "active");
    CHECK(systemd.property("Transient") == "yes");
    CHECK(systemd.property("Delegate") == "yes");
    CHECK(systemd.property("Description") == "corun container " + systemd.id());
    CHECK(
        systemd.property("ControlGroup") == concat("/corun.slice/corun-a.slice/", systemd.unit())
    );
    for (const char* accounting :
         {"CPUAccounting", "IOAccounting", "MemoryAccounting", "TasksAccounting"}) {
        CHECK(systemd.property(accounting) == "yes");
    }
    systemd.remove();
    CHECK_FALSE(is_known(systemd.unit()));
}

TEST_CASE(
    "systemd: limits are systemd's and the kernel's alike" * needs(Capability::systemd) *
    needs(Capability::memory_controller)
) {
    Systemd systemd;
    Bundle bundle = sleeping();
    bundle.resources()["memory"] = {{"limit", 64 << 20}, {"reservation", 32 << 20}};
    bundle.resources()["cpu"] = {{"quota", 33'000}, {"period", 50'000}, {"shares", 1024}};
    bundle.resources()["pids"] = {{"limit", 20}};
    bundle.resources()["unified"] = {{"memory.high", "50331648"}};

    systemd.start(bundle);
    systemctl({"daemon-reload"});  // systemd writes again what it knows

    CHECK(systemd.property("MemoryMax") == "67108864");
    CHECK(systemd.file("memory.max") == "67108864");
    CHECK(systemd.property("MemoryLow") == "33554432");
    CHECK(systemd.file("memory.low") == "33554432");
    CHECK(systemd.property("MemoryHigh") == "50331648");
    CHECK(systemd.file("memory.high") == "50331648");
    CHECK(systemd.property("CPUQuotaPerSecUSec") == "660ms");
    CHECK(systemd.property("CPUQuotaPeriodUSec") == "50ms");
    CHECK(systemd.file("cpu.max") == "33000 50000");
    CHECK(systemd.property("CPUWeight") == "100");
    CHECK(systemd.file("cpu.weight") == "100");
    CHECK(systemd.property("TasksMax") == "20");
    CHECK(systemd.file("pids.max") == "20");
    systemd.remove();
    CHECK(is_gone(systemd));
}

TEST_CASE(
    "systemd: processors are those of systemd's and the kernel's" * needs(Capability::systemd) *
    needs(Capability::cpuset_controller)
) {
    Systemd systemd;
    Bundle bundle = sleeping();
    bundle.resources()["cpu"] = {{"cpus", "0"}, {"mems", "0"}};

    systemd.start(bundle);

    CHECK(systemd.property("AllowedCPUs") == "0");
    CHECK(systemd.file("cpuset.cpus") == "0");
    CHECK(systemd.property("AllowedMemoryNodes") == "0");
    systemd.remove();
}

TEST_CASE("systemd: devices are filtered as without it" * needs(Capability::systemd)) {
    Systemd systemd;
    Bundle bundle = sleeping();

    systemd.start(bundle);

    CHECK(systemd.property("DevicePolicy") == "strict");
    CHECK(contains(systemd.property("DeviceAllow"), "/dev/char/1:3 rwm"));
    CHECK(systemd.exec({"sh", "-c", "echo x > /dev/null"}).exit_code == 0);
    const Result kmsg = systemd.exec({"sh", "-c", "mknod /dev/k c 1 11 && head -c 1 /dev/k"});
    CHECK(kmsg.exit_code != 0);
    systemd.remove();
}

TEST_CASE(
    "systemd: the commands after create need not be told of it" * needs(Capability::systemd)
) {
    Systemd systemd;
    Bundle bundle = sleeping();

    systemd.start(bundle);

    CHECK(has_line("0::/", systemd.exec({"cat", "/proc/self/cgroup"}).out));
    systemd.runtime().expect_success({"pause", systemd.id()});
    CHECK(contains(systemd.runtime()({"state", systemd.id()}).out, "paused"));
    systemd.runtime().expect_success({"resume", systemd.id()});
    systemd.runtime().expect_success({"kill", systemd.id(), "KILL"});
    systemd.remove();
    CHECK(is_gone(systemd));
}

TEST_CASE("systemd: the container sees its scope as the root" * needs(Capability::systemd)) {
    Systemd systemd;
    Bundle bundle;
    bundle.args({"cat", "/proc/self/cgroup"});

    const Result result = systemd.run(bundle);

    CHECK(result.exit_code == 0);
    CHECK_MESSAGE(has_line("0::/", result.out), result.err);
    CHECK(is_gone(systemd));
}

TEST_CASE(
    "systemd: without a cgroup namespace it sees the scope's place" * needs(Capability::systemd)
) {
    Systemd systemd;
    Bundle bundle;
    bundle.without_namespace("cgroup");
    bundle.args({"cat", "/proc/self/cgroup"});

    const Result result = systemd.run(bundle);

    CHECK(result.exit_code == 0);
    CHECK(has_line(concat("0::/system.slice/", systemd.unit()), result.out));
}

TEST_CASE(
    "systemd: run.oci.systemd.subgroup puts the container below its unit" *
    needs(Capability::systemd)
) {
    Systemd systemd;
    Bundle bundle;
    bundle.args({"sleep", "1000"}).annotation("run.oci.systemd.subgroup", "inner");
    bundle.resources()["pids"]["limit"] = 33;

    systemd.start(bundle);

    CHECK(systemd.property("TasksMax") == "33");
    CHECK(systemd.file("inner/pids.max") == "33");
    CHECK(systemd.file("cgroup.procs") == "");
    CHECK(systemd.file("inner/cgroup.procs") != "");
    CHECK(systemd.exec({"true"}).exit_code == 0);
    systemd.remove();
    CHECK_FALSE(is_known(systemd.unit()));
}

TEST_CASE("systemd: a create that fails leaves no unit" * needs(Capability::systemd)) {
    Systemd systemd;
    Bundle bundle;
    bundle.args({"/no/such/program"});

    CHECK(failed_saying("/no/such/program", systemd.run(bundle)));

    CHECK(is_gone(systemd));
}

TEST_CASE("systemd: what it refuses is told in its words" * needs(Capability::systemd)) {
    Systemd systemd;
    Bundle bundle;
    bundle.annotation("org.systemd.property.MemoryMax", "'much'");

    const Result result = systemd.run(bundle);

    CHECK(failed_saying(concat("systemd unit '", systemd.unit(), "': StartTransientUnit: "), result)
    );
    CHECK(is_gone(systemd));
}

TEST_CASE("systemd: a cgroupsPath of another form is refused" * needs(Capability::systemd)) {
    Systemd systemd;
    Bundle bundle;

    CHECK(failed_saying(
        "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got "
        "\"/a/b\" instead",
        systemd.run(bundle, "/a/b")
    ));
}

TEST_CASE("systemd: a unit that is there already is left alone" * needs(Capability::systemd)) {
    Systemd first;
    Bundle bundle = sleeping();
    first.start(bundle);
    Systemd second;
    Bundle rival;

    const Result result = second.run(rival, concat(":corun-test:", first.id()));

    CHECK(failed_saying("(EEXIST)", result));
    CHECK(first.property("ActiveState") == "active");
    CHECK(first.exec({"true"}).exit_code == 0);
    first.remove();
}

TEST_CASE("systemd: annotations set properties of the unit" * needs(Capability::systemd)) {
    Systemd systemd;
    Bundle bundle = sleeping();
    bundle.annotation("org.systemd.property.TimeoutStopSec", "uint64 7");
    bundle.annotation("org.systemd.property.CollectMode", "'inactive'");

    systemd.start(bundle);

    CHECK(systemd.property("TimeoutStopUSec") == "7s");
    CHECK(systemd.property("CollectMode") == "inactive");
    systemd.remove();
    CHECK(is_gone(systemd));
}

TEST_CASE(
    "systemd: an annotation cannot run a program (CVE-2024-3154)" * needs(Capability::systemd)
) {
    Systemd systemd;
    Bundle bundle;
    bundle.annotation(
        "org.systemd.property.ExecStartPre", "[('/bin/touch', ['touch', '/x'], true)]"
    );

    CHECK(failed_saying(
        "/annotations/org.systemd.property.ExecStartPre: property 'ExecStartPre' must not be set",
        systemd.run(bundle)
    ));
    CHECK(is_gone(systemd));
}

TEST_CASE(
    "systemd: a limit of one process leaves the start its helpers" * needs(Capability::systemd) *
    needs(Capability::memory_controller)
) {
    Systemd systemd;
    Bundle bundle;
    bundle.args({"true"});
    bundle.hook("createContainer", "exit 0");
    bundle.resources()["pids"] = {{"limit", 1}};

    CHECK(systemd.run(bundle).exit_code == 0);
    CHECK(is_gone(systemd));
}

TEST_CASE(
    "systemd: a container in a user namespace may divide its cgroup" * needs(Capability::systemd)
) {
    Systemd systemd;
    Bundle bundle;
    bundle.map_ids(100'000, 65'536);
    bundle.without_mount("/sys/fs/cgroup")
        .mount({"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev"}});
    bundle.args({"sh", "-c", "cat /proc/self/cgroup && mkdir /sys/fs/cgroup/below"});

    const Result result = systemd.run(bundle);

    CHECK_MESSAGE(has_line("0::/", result.out), result.err);
    CHECK(result.exit_code == 0);
    CHECK(is_gone(systemd));
}

TEST_CASE(
    "systemd: a name that ends in .slice is a slice" * needs(Capability::systemd) *
    needs(Capability::memory_controller)
) {
    Systemd systemd;
    Bundle bundle;
    bundle.resources()["memory"] = {{"limit", 64 << 20}};
    bundle.args({"cat", "/proc/self/cgroup", "/sys/fs/cgroup/memory.max"});

    const Result result = systemd.run(bundle, "system.slice:ignored:corun-own.slice");

    CHECK_MESSAGE(has_line("0::/", result.out), result.err);
    CHECK(has_line("67108864", result.out));
    CHECK(property("corun-own.slice", "ActiveState") == "inactive");  // any slice is known
    CHECK_FALSE(std::filesystem::exists(cgroup_directory("/corun.slice/corun-own.slice")));
}

TEST_CASE("systemd: delete reclaims what a killed create has left" * needs(Capability::systemd)) {
    Systemd systemd;
    Bundle bundle = sleeping();
    REQUIRE(::mkfifo(bundle.path("fifo").c_str(), 0600) == 0);
    bundle.hook("createRuntime", concat("echo $$ > ", bundle.path("fifo"), "; exec sleep 1000"));
    Process create = systemd.spawn_create(bundle);
    const pid_t hook = std::stoi(read_text(bundle.path("fifo")));  // waits for the hook
    CHECK(systemd.property("ActiveState") == "active");

    create.signal(SIGKILL);
    (void)create.wait();
    ::kill(hook, SIGKILL);

    CHECK(systemd.runtime()({"delete", systemd.id()}).exit_code == 0);
    CHECK(is_gone(systemd));
}

TEST_SUITE_END();
