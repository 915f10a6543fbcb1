// The harness itself, where it branches: a check that cannot fail would prove nothing.
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace corun::test;

TEST_CASE("harness: a program's output, input and exit status arrive") {
    const Result result =
        run({"sh", "-c", "cat; echo oops >&2; exit 7"}, {.input = "from stdin\n"});

    CHECK(result.exit_code == 7);
    CHECK(result.out == "from stdin\n");
    CHECK(result.err == "oops\n");
}

TEST_CASE("harness: a killed program is reported as 128 and the signal") {
    Process process({"sleep", "1000"});

    process.signal(SIGTERM);

    CHECK(process.wait().exit_code == 128 + SIGTERM);
}

TEST_CASE("harness: waiting for output that never comes is an error, not a hang") {
    Process process({"echo", "something else"});

    CHECK_THROWS_AS(process.wait_for_output("ready"), HarnessError);
    CHECK(process.wait().exit_code == 0);
}

TEST_CASE("harness: an orphaned process counts as left behind") {
    Runtime runtime;
    const Result result = run({"sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"});
    const pid_t orphan = std::stoi(result.out);

    std::vector<std::string> left = runtime.leftovers(std::chrono::milliseconds(10));

    REQUIRE(left.size() == 1);
    CHECK(contains(left[0], std::to_string(orphan)));
    ::kill(orphan, SIGKILL);
    left = runtime.leftovers();
    CHECK(left.empty());
}

TEST_CASE("harness: a mount counts as left behind") {
    Runtime runtime;
    const TempDir directory;
    REQUIRE(::mount("tmpfs", directory.path().c_str(), "tmpfs", 0, nullptr) == 0);

    const std::vector<std::string> left = runtime.leftovers();

    REQUIRE(::umount(directory.path().c_str()) == 0);
    REQUIRE(left.size() == 1);
    CHECK(contains(left[0], directory.path()));
}

TEST_CASE("harness: a cgroup and a state directory count as left behind") {
    Runtime runtime;
    const Bundle bundle;
    const std::string cgroup = cgroup_directory(bundle.cgroup());
    ::mkdir(cgroup_directory(cgroup_parent()).c_str(), 0755);  // another test may have made it
    REQUIRE(::mkdir(cgroup.c_str(), 0755) == 0);
    REQUIRE(::mkdir(runtime.root().c_str(), 0700) == 0);
    const std::string state = runtime.root() + "/" + runtime.new_id();
    REQUIRE(::mkdir(state.c_str(), 0700) == 0);

    const std::vector<std::string> left = runtime.leftovers();

    REQUIRE(::rmdir(cgroup.c_str()) == 0);
    REQUIRE(::rmdir(state.c_str()) == 0);
    REQUIRE(left.size() == 2);
    CHECK(contains(left[0], "state directory"));
    CHECK(contains(left[1], bundle.cgroup()));
}
