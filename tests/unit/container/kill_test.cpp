// Signals reach the right process or nobody.
#include "corun/container/kill.hpp"

#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace corun;
using namespace corun::container;
using container::testing::created_record;
using container::testing::Sleeper;
using container::testing::TestEngine;

namespace {

const ContainerId kWeb("web");

std::string run_kill(TestEngine& test, int signal, bool all = false) {
    async::Loop loop;
    KillRequest request{.id = kWeb, .signal = signal, .all = all};
    try {
        loop.run(kill(test.engine, request));
    } catch (const Error& error) {
        return error.what();
    }
    return "sent";
}

}  // namespace

TEST_CASE("kill: the signal reaches the container's first process") {
    TestEngine test;
    const Sleeper init;
    test.engine.store().create(kWeb).save(created_record(init.identity()));

    CHECK(run_kill(test, 0) == "sent");
    CHECK(run_kill(test, SIGTERM) == "sent");

    CHECK(init.process().wait().signal == SIGTERM);
}

TEST_CASE("kill: an ended container is reported in the words callers match, with --all it is not") {
    TestEngine test;
    const Sleeper init;
    test.engine.store().create(kWeb).save(created_record(init.identity()));
    init.kill();

    CHECK(run_kill(test, SIGTERM) == "container not running");
    CHECK(run_kill(test, SIGKILL, true) == "sent");
}

TEST_CASE("kill: a stranger with the container's old pid lives on") {
    TestEngine test;
    const Sleeper stranger;
    sys::ProcessIdentity identity = stranger.identity();
    identity.start_time += 1;
    test.engine.store().create(kWeb).save(created_record(identity));

    CHECK(run_kill(test, SIGKILL) == "container not running");

    CHECK_FALSE(stranger.process().has_exited());
}

TEST_CASE("kill: an unknown container does not exist") {
    TestEngine test;

    CHECK(run_kill(test, SIGTERM) == "container does not exist");
}
