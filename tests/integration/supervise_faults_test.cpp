// What goes wrong around a supervisor, and what comes of it then.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "supervised.hpp"

#include <doctest/doctest.h>

#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace fs = std::filesystem;
using namespace corun;
using namespace corun::test;

namespace {

Bundle& obedient(Bundle& bundle) {
    return bundle.args({"sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"});
}

/// A file system of so many bytes for the logs.
class SmallDisk {
public:
    explicit SmallDisk(const std::string& size) {
        const std::string options = concat("size=", size);
        if (::mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, options.c_str()) != 0) {
            throw HarnessError("mount tmpfs");
        }
    }

    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    SmallDisk(SmallDisk&&) = delete;
    SmallDisk& operator=(SmallDisk&&) = delete;

    ~SmallDisk() { (void)::umount2(directory_.path().c_str(), MNT_DETACH); }

    [[nodiscard]] const std::string& path() const { return directory_.path(); }

    void fill() const { std::ofstream(path() + "/filler") << std::string(8 << 20, 'x'); }

    void free() const { fs::remove(path() + "/filler"); }

private:
    TempDir directory_;
};

/// A cgroup that has little memory to give.
class SmallCgroup {
public:
    SmallCgroup() {
        write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
        fs::create_directory(path_);
    }

    SmallCgroup(const SmallCgroup&) = delete;
    SmallCgroup& operator=(const SmallCgroup&) = delete;
    SmallCgroup(SmallCgroup&&) = delete;
    SmallCgroup& operator=(SmallCgroup&&) = delete;

    ~SmallCgroup() { (void)::rmdir(path_.c_str()); }

    void take_in(pid_t pid) const {
        write(path_ + "/memory.max", "262144");
        write(path_ + "/cgroup.procs", std::to_string(pid));
    }

private:
    static void write(const std::string& path, const std::string& text) {
        std::ofstream(path) << text;
    }

    std::string path_ = concat("/sys/fs/cgroup/corun-test-small-", ::getpid());
};

}  // namespace

TEST_SUITE_BEGIN("supervise");

TEST_CASE(
    "supervise faults: what the first process leaves behind ends with it" *
    needs(Capability::cgroup2)
) {
    Bundle bundle;
    bundle.without_namespace("pid").args({"sh", "-c", "sleep 1000 & sleep 1000 & echo parted"});
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();

    supervised.wait_for("stopped", "web");

    CHECK(supervised.log_lines("web") == std::vector<std::string>{"parted"});
    CHECK_FALSE(fs::exists(cgroup_directory(bundle.cgroup())));
}

TEST_CASE(
    "supervise faults: where the disk is full the container waits, and nothing is lost" *
    needs(Capability::cgroup2)
) {
    constexpr std::size_t kLines = 20000;
    Bundle bundle;
    bundle.args(
        {"sh", "-c", concat("for i in $(seq 1 ", kLines, "); do echo line $i of many; done")}
    );
    const SmallDisk disk("4m");
    disk.fill();
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start({"--log-dir", disk.path()});
    supervised.wait_for("ready", "web");
    supervised.wait_for_status("web", "failed writes");
    CHECK(supervised.count("exited", "web") == 0);

    disk.free();
    supervised.wait_for("stopped", "web");

    std::ifstream log(disk.path() + "/web.log");
    std::size_t lines = 0;
    for (std::string line; std::getline(log, line);) {
        lines += contains(line, concat(" stdout F line ", lines + 1, " of many")) ? 1 : 0;
    }
    CHECK(lines == kLines);
}

TEST_CASE(
    "supervise faults: without descriptors a start fails, and succeeds once there are some" *
    needs(Capability::cgroup2)
) {
    Bundle first;
    Bundle second;
    obedient(second)
        .annotation("org.corun.restart", "always")
        .annotation("org.corun.restart-max-delay", "200ms");
    Supervised supervised;
    supervised.add(obedient(first), "first");
    supervised.start();
    supervised.wait_for("ready", "first");
    const pid_t pid = supervised.process().pidfd().pid();
    rlimit before{};
    REQUIRE(::prlimit(pid, RLIMIT_NOFILE, nullptr, &before) == 0);
    // Some, to look for bundles with; not enough for the pipes of a container.
    const auto open_ones = static_cast<rlim_t>(std::distance(
        fs::directory_iterator(concat("/proc/", pid, "/fd")), fs::directory_iterator()
    ));
    const rlimit none{.rlim_cur = open_ones + 3, .rlim_max = before.rlim_max};
    REQUIRE(::prlimit(pid, RLIMIT_NOFILE, &none, nullptr) == 0);

    supervised.add(second, "second");
    supervised.process().signal(SIGHUP);
    supervised.wait_for("restarting", "second", 2);
    CHECK(contains(std::string(supervised.unit("second")["problem"]), "(EMFILE)"));
    CHECK(supervised.runtime().expect_success({"exec", "first", "echo", "well"}).out == "well\n");

    REQUIRE(::prlimit(pid, RLIMIT_NOFILE, &before, nullptr) == 0);
    supervised.wait_for("ready", "second");
}

TEST_CASE(
    "supervise faults: bundles whose directory vanishes are stopped, named ones go on" *
    needs(Capability::cgroup2)
) {
    Bundle found;
    Bundle named;
    Supervised supervised;
    supervised.add(obedient(found), "found");
    obedient(named).write();
    const std::string id = fs::path(named.path()).filename();
    supervised.start({named.path()});
    supervised.wait_for("ready", "found");
    supervised.wait_for("ready", id);

    supervised.lose_directory();
    supervised.wait_for("removed", "found");

    CHECK(contains(supervised.runtime().expect_success({"ctl", "status", id}).out, "running"));
    CHECK(supervised.count("stopping", id) == 0);
}

TEST_CASE(
    "supervise faults: a container that another command deletes has ended" *
    needs(Capability::cgroup2)
) {
    Bundle bundle;
    Supervised supervised;
    supervised.add(obedient(bundle), "web");
    supervised.start();
    supervised.wait_for("ready", "web");

    (void)supervised.runtime().expect_success({"delete", "--force", "web"});
    supervised.wait_for("failed", "web");

    CHECK(supervised.unit("web")["exits"][0]["signal"] == SIGKILL);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("controllers");

TEST_CASE(
    "supervise faults: killed for want of its own memory, it leaves containers that go on" *
    needs(Capability::memory_controller)
) {
    Bundle bundle;
    Supervised supervised;
    supervised.add(obedient(bundle), "web");
    supervised.start();
    supervised.wait_for("ready", "web");
    const SmallCgroup cgroup;
    cgroup.take_in(supervised.process().pidfd().pid());
    Bundle wrong;
    wrong.annotation("org.corun.restart", "sometimes");

    constexpr int kMoreThanFit = 1000;
    for (int i = 0; i < kMoreThanFit; ++i) {
        supervised.add(wrong, concat("wrong", i));
    }
    CHECK(supervised.wait_for_end() == 128 + SIGKILL);

    for (int i = 0; i < kMoreThanFit; ++i) {
        supervised.take_away(concat("wrong", i));
    }
    supervised.start();
    supervised.wait_until_ready();
    CHECK(supervised.unit("web")["starts"] == 1);
    CHECK(
        Json::parse(supervised.runtime().expect_success({"state", "web"}).out)["status"] ==
        "running"
    );
}

TEST_CASE(
    "supervise faults: a kill for want of memory is told, and part of the exit" *
    needs(Capability::memory_controller)
) {
    Bundle bundle;
    bundle.args({"probe", "allocate", "64"});
    bundle.resources()["memory"] = {{"limit", 16 << 20}, {"swap", 16 << 20}};
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();

    supervised.wait_for("failed", "web");

    CHECK(supervised.count("oom", "web") == 1);
    const Json unit = supervised.unit("web");
    CHECK(unit["oom_kills"] == 1);
    CHECK(unit["exits"][0]["oom"] == true);
    CHECK(unit["exits"][0]["signal"] == SIGKILL);
}

TEST_SUITE_END();
