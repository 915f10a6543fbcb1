#include "corun/supervise/unit_file.hpp"

#include "corun/sys/file.hpp"
#include "proc.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>

#include <algorithm>

using namespace corun;
using namespace corun::supervise;

TEST_CASE("unit file: what is saved is read back, by id") {
    const test::TempDir root;
    const UnitFiles files(root.path());
    UnitFacts facts{
        .id = "web",
        .bundle = "/bundles/web",
        .state = UnitState::running,
        .stopped_by_hand = true,
        .starting = true,
        .process = {.pid = 12, .start_time = 99},
        .started_at = "2026-11-26T10:00:00Z",
        .started_ms = 1234,
        .ready = true,
        .restart_due_ms = 5000,
        .starts = 3,
        .restarts = 2,
        .oom_kills = 1,
        .problem = "no \"room\"\n",
        .log_path = "/logs/web.log",
        .log_driver = "k8s-file",
    };
    facts.restart.retries = 2;
    facts.add_exit({.time = "now", .status = 3, .decision = "restart"});

    files.save(facts);
    const std::optional<UnitFacts> read = files.load("web");

    REQUIRE(read);
    CHECK(read->bundle == facts.bundle);
    CHECK(read->state == UnitState::running);
    CHECK(read->stopped_by_hand);
    CHECK(read->starting);
    CHECK(read->process.pid == 12);
    CHECK(read->process.start_time == 99);
    CHECK(read->started_ms == 1234);
    CHECK(read->ready);
    CHECK(read->restart_due_ms == 5000);
    CHECK(read->restart.retries == 2);
    CHECK(read->starts == 3);
    CHECK(read->restarts == 2);
    CHECK(read->oom_kills == 1);
    CHECK(read->problem == facts.problem);
    REQUIRE(read->exits.size() == 1);
    CHECK(read->exits[0].status == 3);
    CHECK(read->log_path == "/logs/web.log");
    CHECK(read->log_driver == "k8s-file");
}

TEST_CASE("unit file: only the last ends are remembered") {
    UnitFacts facts;
    for (int i = 0; i < 25; ++i) {
        facts.add_exit({.status = i});
    }

    CHECK(facts.exits.size() == kMaxExits);
    CHECK(facts.exits.front().status == 15);
    CHECK(facts.exits.back().status == 24);
}

TEST_CASE("unit file: ids are listed; one that is removed, or no file of ours, is not known") {
    const test::TempDir root;
    const UnitFiles files(root.path());
    files.save({.id = "a"});
    files.save({.id = "b.json"});
    const std::string broken = root / "@supervise/units/c.json";
    sys::write_all(sys::open(broken, O_WRONLY | O_CREAT, 0600), "{");

    std::vector<std::string> ids = files.ids();
    std::sort(ids.begin(), ids.end());
    CHECK(ids == std::vector<std::string>{"a", "b.json", "c"});
    CHECK_FALSE(files.load("c"));

    files.remove("a");
    files.remove("a");
    CHECK_FALSE(files.load("a"));
}

TEST_CASE("unit file: the clock goes on") {
    const std::int64_t before = boot_time_ms();
    CHECK(before > 0);
    CHECK(boot_time_ms() >= before);
}
