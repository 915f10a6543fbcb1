// Deleting: what may be deleted, and what is left after it (nothing).
#include "corun/container/remove.hpp"

#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/sys/socket.hpp"
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

enum class Force { no, yes };

std::string run_remove(TestEngine& test, Force force) {
    async::Loop loop;
    RemoveRequest request{.id = kWeb, .force = force == Force::yes};
    try {
        loop.run(remove(test.engine, request));
    } catch (const Error& error) {
        return error.what();
    }
    return test.engine.store().try_open(kWeb) ? "still there" : "removed";
}

std::string config_with_poststop(const std::string& script) {
    return R"({"ociVersion":"1.2.0","root":{"path":"rootfs"},"hooks":{"poststop":[)"
           R"({"path":"/bin/sh","args":["sh","-c",")" +
           script + R"("]}]}})";
}

}  // namespace

TEST_CASE("delete: an unknown container is an error, by force it is not") {
    TestEngine test;

    CHECK(run_remove(test, Force::no) == "container does not exist");
    CHECK(run_remove(test, Force::yes) == "removed");
}

TEST_CASE("delete: a stopped container goes") {
    TestEngine test;
    const Sleeper init;
    test.engine.store().create(kWeb).save(created_record(init.identity()));
    init.kill();

    CHECK(run_remove(test, Force::no) == "removed");
}

TEST_CASE("delete: a running container stays, in runc's words, unless by force") {
    TestEngine test;
    const Sleeper init;
    test.engine.store().create(kWeb).save(created_record(init.identity()));

    CHECK(
        run_remove(test, Force::no) == "cannot delete container web that is not stopped: running"
    );
    CHECK_FALSE(init.process().has_exited());
    CHECK(run_remove(test, Force::yes) == "removed");
    CHECK(init.process().wait().signal == SIGKILL);
}

TEST_CASE("delete: a container that was not started is killed without force") {
    TestEngine test;
    const Sleeper init;
    sys::UniqueFd gate;
    {
        ContainerDirectory directory = test.engine.store().create(kWeb);
        gate = sys::listen_seqpacket(directory.fd(), kStartSocket);
        directory.save(created_record(init.identity()));
    }

    CHECK(run_remove(test, Force::no) == "removed");
    CHECK(init.process().wait().signal == SIGKILL);
}

TEST_CASE("delete: what a killed create left is reclaimed, with a record or without") {
    TestEngine test;
    (void)test.engine.store().create(kWeb);
    CHECK(run_remove(test, Force::no) == "removed");

    test.engine.store().create(kWeb).save(Record{.phase = Phase::creating});
    CHECK(run_remove(test, Force::no) == "removed");
}

TEST_CASE("delete: a container that is being created is left alone") {
    TestEngine test;
    const ContainerDirectory creator = test.engine.store().create(kWeb);

    CHECK(
        run_remove(test, Force::no) == "cannot delete container web that is not stopped: creating"
    );
}

TEST_CASE("delete: a stranger with the container's old pid lives on") {
    TestEngine test;
    const Sleeper stranger;
    sys::ProcessIdentity identity = stranger.identity();
    identity.start_time += 1;
    test.engine.store().create(kWeb).save(created_record(identity));

    CHECK(run_remove(test, Force::yes) == "removed");
    CHECK_FALSE(stranger.process().has_exited());
}

TEST_CASE("delete: poststop hooks run when the container is gone, and only warn when they fail") {
    TestEngine test;
    const std::string seen = test.root.path() + "/seen";
    const std::string state_dir = test.engine.store().root() + "/web";
    {
        ContainerDirectory directory = test.engine.store().create(kWeb);
        directory.save_config(
            config_with_poststop("test ! -e " + state_dir + " && cat > " + seen + "; exit 3")
        );
        Record record = created_record({});
        record.bundle = test.root.path();
        record.has_poststop_hooks = true;
        directory.save(record);
    }

    CHECK(run_remove(test, Force::no) == "removed");

    const std::string state = sys::read_file(sys::FdRef::cwd(), seen);
    CHECK(state.find(R"("id":"web")") != std::string::npos);
    CHECK(state.find(R"("status":"stopped")") != std::string::npos);
    REQUIRE(test.warnings.size() == 1);
    CHECK(test.warnings[0].find("poststop") != std::string::npos);
    CHECK(test.warnings[0].find("status 3") != std::string::npos);
}
