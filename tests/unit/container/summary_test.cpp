// What `state` and `list` tell.
#include "corun/container/summary.hpp"

#include "corun/async/loop.hpp"
#include "corun/container/list.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::container;
using container::testing::created_record;
using container::testing::Sleeper;
using container::testing::TestEngine;

TEST_CASE("summary: a running container has its pid, a stopped one none") {
    TestEngine test;
    const Sleeper init;
    ContainerDirectory directory = test.engine.store().create(ContainerId("web"));
    directory.save(created_record(init.identity()));

    CHECK(summarize(test.engine, directory).status == Status::running);
    CHECK(summarize(test.engine, directory).pid == init.process().pid());
    init.kill();
    CHECK(summarize(test.engine, directory).status == Status::stopped);
    CHECK(summarize(test.engine, directory).pid == 0);
}

TEST_CASE("summary: a container without a record still has a time for those who parse it") {
    TestEngine test;
    ContainerDirectory directory = test.engine.store().create(ContainerId("web"));
    directory.unlock();

    const oci::StateReport report = report_of(summarize(test.engine, directory), "");

    CHECK(report.state.id == "web");
    CHECK(report.state.status == Status::stopped);
    CHECK(report.created == "0001-01-01T00:00:00Z");
}

TEST_CASE("summary: users are named after passwd, or by number") {
    const std::string passwd = "root:x:0:0::/:\n+\nalice:x:1000:1000::/:\nmallory:x:10000:0::/:\n";

    CHECK(user_name(0, passwd) == "root");
    CHECK(user_name(1000, passwd) == "alice");
    CHECK(user_name(100, passwd) == "#100");
    CHECK(user_name(0, "") == "#0");
}

TEST_CASE("list: one damaged state does not hide the others") {
    TestEngine test;
    const Store& store = test.engine.store();
    store.create(ContainerId("a")).save(Record{.phase = Phase::created});
    sys::replace_file(store.create(ContainerId("b")).fd(), "state.json", "garbage\n", 0600);
    store.create(ContainerId("c")).save(Record{.phase = Phase::created});

    async::Loop loop;
    const Listing listing = loop.run(list(test.engine, ListRequest()));

    REQUIRE(listing.containers.size() == 2);
    CHECK(listing.containers[0].id.text() == "a");
    CHECK(listing.containers[1].id.text() == "c");
    REQUIRE(listing.failures.size() == 1);
    CHECK(listing.failures[0].starts_with("read state of 'b': "));
}
