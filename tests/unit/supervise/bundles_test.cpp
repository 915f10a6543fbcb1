#include "corun/supervise/bundles.hpp"

#include "corun/async/loop.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "proc.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using namespace corun;
using namespace corun::supervise;
using corun::test::TempDir;

namespace {

constexpr std::chrono::seconds kDeadline{20};

void write_config(const std::string& bundle, std::string_view text = "{}") {
    fs::create_directories(bundle);
    std::ofstream(bundle + "/config.json") << text;
}

std::vector<std::string> ids_of(const std::vector<BundleEntry>& bundles) {
    std::vector<std::string> ids;
    for (const BundleEntry& bundle : bundles) {
        ids.push_back(bundle.id);
    }
    return ids;
}

using Ids = std::vector<std::string>;

void wait_for_change(BundleSource& source) {
    async::Loop loop;
    loop.run(async::with_deadline(kDeadline, source.changed()));
}

}  // namespace

TEST_CASE("bundles: those given by name and those that lie in the directory are found") {
    const TempDir top;
    write_config(top / "named/db");
    write_config(top / "all/web");
    write_config(top / "all/.hidden");
    fs::create_directories(top / "all/unfinished");
    BundleSource source({top / "named/db"}, top / "all");

    const BundleScan scan = source.scan();

    CHECK(ids_of(scan.bundles) == Ids{"db", "web"});
    CHECK(scan.bundles[0].directory == top / "named/db");
    CHECK_FALSE(scan.bundles[0].from_directory);
    CHECK(scan.bundles[1].from_directory);
    CHECK(scan.problems.empty());
}

TEST_CASE("bundles: one behind a symlink has the link's name and its own place") {
    const TempDir top;
    write_config(top / "elsewhere/version-7");
    fs::create_directories(top / "all");
    fs::create_directory_symlink(top / "elsewhere/version-7", top / "all/web");
    BundleSource source({}, top / "all");

    const BundleScan scan = source.scan();

    REQUIRE(ids_of(scan.bundles) == Ids{"web"});
    CHECK(scan.bundles[0].directory == top / "elsewhere/version-7");
}

TEST_CASE("bundles: a name that is no id, and an id twice, are problems of their own") {
    const TempDir top;
    write_config(top / "all/web");
    write_config(top / "all/not an id");
    write_config(top / "named/web");
    BundleSource source({top / "named/web"}, top / "all");

    const BundleScan scan = source.scan();

    CHECK(ids_of(scan.bundles) == Ids{"web"});
    REQUIRE(scan.problems.size() == 2);
    CHECK(scan.problems[0].text == "its name cannot be a container's id");
    CHECK(scan.problems[1].where == top / "all/web");
    CHECK(scan.problems[1].text == "another bundle has the id 'web'");
}

TEST_CASE("bundles: what was added, changed or taken away is told by the difference") {
    const TempDir top;
    write_config(top / "a");
    write_config(top / "b");
    BundleSource source({}, top.path());
    const BundleScan before = source.scan();

    write_config(top / "b", "{ }");
    write_config(top / "c");
    fs::remove_all(top / "a");
    const ScanDiff changes = diff(before, source.scan());

    CHECK(ids_of(changes.added) == Ids{"c"});
    CHECK(ids_of(changes.changed) == Ids{"b"});
    CHECK(ids_of(changes.removed) == Ids{"a"});
}

TEST_CASE("bundles: one given by name stays one when its directory goes") {
    const TempDir top;
    write_config(top / "a");
    BundleSource source({top / "a"}, "");
    const BundleScan before = source.scan();

    fs::remove_all(top / "a");
    const ScanDiff changes = diff(before, source.scan());

    CHECK(changes.removed.empty());
    CHECK(ids_of(changes.changed) == Ids{"a"});
}

TEST_CASE("bundles: a directory becomes a bundle when its config.json is written") {
    const TempDir top;
    fs::create_directories(top / "all/web");
    BundleSource source({}, top / "all");
    CHECK(source.scan().bundles.empty());

    write_config(top / "all/web");
    wait_for_change(source);

    CHECK(ids_of(source.scan().bundles) == Ids{"web"});
}

TEST_CASE("bundles: a configuration that is written over is noticed") {
    const TempDir top;
    write_config(top / "web");
    BundleSource source({top / "web"}, "");
    const BundleScan before = source.scan();

    write_config(top / "web", "{\"changed\": true}");
    wait_for_change(source);

    CHECK(ids_of(diff(before, source.scan()).changed) == Ids{"web"});
}

TEST_CASE("bundles: a directory that goes and comes back is followed") {
    const TempDir top;
    write_config(top / "all/web");
    BundleSource source({}, top / "all");
    (void)source.scan();

    fs::remove_all(top / "all");
    wait_for_change(source);
    const BundleScan without = source.scan();
    CHECK(without.bundles.empty());
    REQUIRE(without.problems.size() == 1);
    CHECK(without.problems[0].text == "no such directory");

    write_config(top / "all/web");
    wait_for_change(source);
    const BundleScan again = source.scan();
    write_config(top / "all/db");
    wait_for_change(source);
    CHECK(ids_of(source.scan().bundles) == Ids{"db", "web"});
}

TEST_CASE("bundles: without a change nobody is woken") {
    const TempDir top;
    write_config(top / "web");
    BundleSource source({}, top.path());
    (void)source.scan();
    async::Loop loop;

    CHECK_FALSE(loop.run(async::ended_within(std::chrono::milliseconds(50), source.changed())));
}

TEST_CASE("bundles: the configuration is read as far as the supervisor acts upon it") {
    const TempDir top;
    const std::string config =
        R"({"ociVersion":"1.0.2","root":{"path":"rootfs"},"process":{"terminal":true,"cwd":"/",)"
        R"("args":["true"],"user":{"uid":0,"gid":0}},"annotations":{"org.corun.restart":"RESTART"}})";
    const auto with_restart = [&](const std::string& value) {
        std::string text = config;
        return text.replace(text.find("RESTART"), 7, value);
    };

    write_config(top / "web", with_restart("always"));
    const BundleConfig read = read_bundle_config(top / "web", Policy());
    CHECK(read.terminal);
    CHECK(read.policy.restart.mode == RestartMode::always);

    write_config(top / "web", with_restart("never"));
    const std::string expected =
        concat("bundle ", quote(top / "web"), ": annotation 'org.corun.restart': expected no");
    try {
        (void)read_bundle_config(top / "web", Policy());
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(std::string(error.what()).starts_with(expected));
    }
}
