// What a container is said to do, whatever is left on disk.
#include "corun/container/status.hpp"

#include "corun/sys/socket.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <optional>

using namespace corun;
using namespace corun::container;
using container::testing::created_record;
using container::testing::Sleeper;
using container::testing::TestEngine;

namespace {

const ContainerId kWeb("web");

}  // namespace

TEST_CASE("status: a create at work is creating, a killed one stopped, with a record or without") {
    TestEngine test;
    const Store& store = test.engine.store();
    ContainerDirectory creator = store.create(kWeb);
    const ContainerDirectory reader = store.open(kWeb);
    const Record record{.phase = Phase::creating};

    CHECK(status_of(test.engine, reader, std::nullopt) == Status::creating);
    CHECK(status_of(test.engine, reader, record) == Status::creating);
    creator.unlock();
    CHECK(status_of(test.engine, reader, std::nullopt) == Status::stopped);
    CHECK(status_of(test.engine, reader, record) == Status::stopped);
}

TEST_CASE("status: a living process with a listener at its gate is created, without running") {
    TestEngine test;
    const ContainerDirectory directory = test.engine.store().create(kWeb);
    const Sleeper init;
    const Record record = created_record(init.identity());

    CHECK(status_of(test.engine, directory, record) == Status::running);
    {
        const sys::UniqueFd gate = sys::listen_seqpacket(directory.fd(), kStartSocket);
        CHECK(status_of(test.engine, directory, record) == Status::created);
    }
    // The socket is still there, as after a `start` that was killed once the program ran.
    CHECK(status_of(test.engine, directory, record) == Status::running);
    CHECK(observe(test.engine, directory, record).pid() == init.process().pid());
}

TEST_CASE("status: a gate whose process does not accept stays created") {
    TestEngine test;
    const ContainerDirectory directory = test.engine.store().create(kWeb);
    const Sleeper init;
    const Record record = created_record(init.identity());
    const sys::UniqueFd gate = sys::listen_seqpacket(directory.fd(), kStartSocket);

    for (int probe = 0; probe < 100; ++probe) {
        REQUIRE(status_of(test.engine, directory, record) == Status::created);
    }
}

TEST_CASE("status: a reused pid is not the container") {
    TestEngine test;
    const ContainerDirectory directory = test.engine.store().create(kWeb);
    const Sleeper stranger;
    sys::ProcessIdentity identity = stranger.identity();
    identity.start_time -= 1;

    const Observation observed = observe(test.engine, directory, created_record(identity));

    CHECK(observed.status == Status::stopped);
    CHECK(observed.pid() == 0);
}

TEST_CASE("status: a zombie is stopped") {
    TestEngine test;
    const ContainerDirectory directory = test.engine.store().create(kWeb);
    const Sleeper init;
    const Record record = created_record(init.identity());

    init.kill();

    CHECK(status_of(test.engine, directory, record) == Status::stopped);
}
