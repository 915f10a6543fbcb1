#include "corun/supervise/keeper_messages.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::supervise;

TEST_CASE("keeper messages: an order to a worker arrives as it was given") {
    KeeperRequest request;
    request.verb = KeeperVerb::work;
    request.work = {
        .kind = WorkKind::check,
        .engine =
            {.root = "/run/corun",
             .cgroup_manager = container::CgroupManager::systemd,
             .cgroup_tolerance = container::CgroupTolerance::tolerant,
             .bus_environment = {.runtime_dir = "/run/user/0"}},
        .id = "web",
        .bundle = "/bundles/web",
        .open_files_limit = 1024,
        .shows_notify_socket = true,
        .readiness_fd = 5,
        .command = {"/bin/sh", "-c", "echo \"é\n\""},
        .timeout = std::chrono::seconds(3),
    };

    const KeeperRequest read = request_from_json(to_json(request));

    CHECK(read.verb == KeeperVerb::work);
    CHECK(read.work.kind == WorkKind::check);
    CHECK(read.work.engine.root == "/run/corun");
    CHECK(read.work.engine.cgroup_manager == container::CgroupManager::systemd);
    CHECK(read.work.engine.cgroup_tolerance == container::CgroupTolerance::tolerant);
    CHECK(read.work.engine.bus_environment.runtime_dir == "/run/user/0");
    CHECK(read.work.id == "web");
    CHECK(read.work.bundle == "/bundles/web");
    CHECK(read.work.open_files_limit == 1024);
    CHECK(read.work.shows_notify_socket);
    CHECK(read.work.readiness_fd == 5);
    CHECK(read.work.command == request.work.command);
    CHECK(read.work.timeout == std::chrono::seconds(3));
}

TEST_CASE("keeper messages: each verb is told from the others") {
    for (const KeeperVerb verb :
         {KeeperVerb::list,
          KeeperVerb::keep,
          KeeperVerb::take,
          KeeperVerb::drop,
          KeeperVerb::status,
          KeeperVerb::settle,
          KeeperVerb::renew}) {
        KeeperRequest request;
        request.verb = verb;
        request.name = "output:web";
        request.process = {.pid = 17, .start_time = 4711};

        const KeeperRequest read = request_from_json(to_json(request));

        CHECK(read.verb == verb);
        CHECK(read.name == "output:web");
        CHECK(read.process.pid == 17);
        CHECK(read.process.start_time == 4711);
    }
}

TEST_CASE("keeper messages: an unknown verb is refused by its name") {
    CHECK_THROWS_WITH_AS(
        (void)request_from_json(R"({"verb":"forget"})"), R"(/verb: unknown verb "forget")", Error
    );
}

TEST_CASE("keeper messages: a reply tells of ends, names and warnings") {
    KeeperReply reply;
    reply.names = {"output:a", "output:b"};
    reply.ended = {
        {.process = {.pid = 5, .start_time = 99}, .status = {.code = 3}},
        {.process = {.pid = 6, .start_time = 100}, .status = {.code = 0, .signal = 9}},
    };
    reply.process = {.pid = 8, .start_time = 101};
    reply.status = {.code = 1};
    reply.output = "not yet";
    reply.warnings = {"swap is off"};

    const KeeperReply read = reply_from_json(to_json(reply));

    CHECK(read.names == reply.names);
    REQUIRE(read.ended.size() == 2);
    CHECK(read.ended[0].status.code == 3);
    CHECK(read.ended[1].process.start_time == 100);
    CHECK(read.ended[1].status.signal == 9);
    CHECK(read.process.pid == 8);
    CHECK(read.status.code == 1);
    CHECK(read.output == "not yet");
    CHECK(read.warnings == reply.warnings);
}

TEST_CASE("keeper messages: a failure keeps its errno on the way") {
    KeeperReply reply;
    reply.error = "step 'mounts': mount '/proc'";
    reply.error_number = 1;

    const KeeperReply read = reply_from_json(to_json(reply));

    CHECK_THROWS_WITH_AS(
        read.throw_if_failed(),
        "step 'mounts': mount '/proc': Operation not permitted (EPERM)",
        Error
    );
}
