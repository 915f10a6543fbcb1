// The commands that speak with the supervisor, as people call them.
#include "capability.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/socket.hpp"
#include "supervised.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>

using namespace corun;
using namespace corun::test;

namespace {

Bundle& obedient(Bundle& bundle) {
    return bundle.args({"sh", "-c", "trap 'exit 0' TERM; echo begin; while :; do sleep 0.1; done"});
}

/// The answer to one request, whole.
std::string http(const std::string& socket, std::string_view request) {
    const sys::UniqueFd connection = sys::connect_stream(socket);
    sys::write_all(connection, request);
    return sys::read_all(connection, 1 << 20);
}

}  // namespace

TEST_SUITE_BEGIN("supervise");

TEST_CASE(
    "ctl: a container is stopped, stays so, and is started again" * needs(Capability::cgroup2)
) {
    Bundle bundle;
    obedient(bundle).annotation("org.corun.restart", "always");
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();
    supervised.wait_for("ready", "web");
    Runtime& runtime = supervised.runtime();

    (void)runtime.expect_success({"ctl", "stop", "web"});
    CHECK(runtime({"state", "web"}).exit_code == 1);
    CHECK(contains(runtime.expect_success({"ctl", "status", "web"}).out, "stay stopped: by hand"));

    (void)runtime.expect_success({"ctl", "start", "web"});
    CHECK(Json::parse(runtime.expect_success({"state", "web"}).out)["status"] == "running");

    const Json before = supervised.unit("web");
    (void)runtime.expect_success({"ctl", "restart", "web"});
    CHECK(supervised.unit("web")["pid"] != before["pid"]);
    CHECK(supervised.unit("web")["restarts"] == 0);
}

TEST_CASE(
    "ctl: what was stopped by hand stays stopped for a supervisor that follows a killed one" *
    needs(Capability::cgroup2)
) {
    Bundle bundle;
    obedient(bundle).annotation("org.corun.restart", "always");
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();
    supervised.wait_for("ready", "web");
    (void)supervised.runtime().expect_success({"ctl", "stop", "web"});

    supervised.kill();
    supervised.start();
    supervised.wait_until_ready();

    CHECK(supervised.unit("web")["starts"] == 1);
    CHECK(contains(supervised.runtime().expect_success({"ctl", "list"}).out, "stopped"));
}

TEST_CASE(
    "ctl: unless-stopped outlives an orderly end, other policies start afresh" *
    needs(Capability::cgroup2)
) {
    Bundle kept;
    obedient(kept).annotation("org.corun.restart", "unless-stopped");
    Bundle fresh;
    obedient(fresh).annotation("org.corun.restart", "always");
    Supervised supervised;
    supervised.add(kept, "kept");
    supervised.add(fresh, "fresh");
    supervised.start();
    supervised.wait_until_ready();
    (void)supervised.runtime().expect_success({"ctl", "stop", "kept", "fresh"});
    (void)supervised.stop();

    supervised.start();
    supervised.wait_until_ready();

    CHECK(supervised.unit("fresh")["starts"] == 2);
    CHECK(supervised.unit("kept")["starts"] == 1);
}

TEST_CASE("ctl: a start that fails says why" * needs(Capability::cgroup2)) {
    Bundle bundle;
    bundle.args({"nosuch"});
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();
    supervised.wait_for("failed", "web");

    CHECK(failed_saying(
        "\"nosuch\": executable file not found in $PATH",
        supervised.runtime()({"ctl", "start", "web"})
    ));
    CHECK(failed_saying("container does not exist", supervised.runtime()({"ctl", "stop", "none"})));
}

TEST_CASE("ctl: wait gives the status of the next end" * needs(Capability::cgroup2)) {
    Bundle bundle;
    bundle.args({"sh", "-c", "sleep 0.3; exit 9"});
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();
    supervised.wait_for("ready", "web");

    CHECK(supervised.runtime().expect_success({"ctl", "wait", "web"}).out == "9\n");
}

TEST_CASE("ctl: without a supervisor each says so" * needs(Capability::corun_itself)) {
    Runtime runtime;
    for (const char* const verb : {"list", "reload", "upgrade"}) {
        CHECK(failed_saying("no supervisor runs with root", runtime({"ctl", verb})));
    }
}

TEST_CASE(
    "ctl: an upgrade keeps the containers, and who follows the events" * needs(Capability::cgroup2)
) {
    Bundle bundle;
    obedient(bundle);
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();
    supervised.wait_for("ready", "web");
    const Json before = supervised.unit("web");
    Process follower = supervised.runtime().spawn({"ctl", "events"});

    (void)supervised.runtime().expect_success({"ctl", "upgrade"});
    supervised.wait_until_told("READY=1", 2);
    (void)supervised.runtime().expect_success({"ctl", "stop", "web"});

    follower.wait_for_output("\"kind\":\"stopped\",\"id\":\"web\"");
    follower.signal(SIGTERM);
    CHECK(supervised.unit("web")["starts"] == 1);
    CHECK(supervised.unit("web")["exits"][0]["status"] == 0);
    CHECK(before["pid"] != 0);
}

TEST_CASE("attach: what a container writes from now on, to its end" * needs(Capability::cgroup2)) {
    Bundle bundle;
    bundle.args({"sh", "-c", "while [ ! -e /tmp/go ]; do sleep 0.05; done; echo attached; exit 4"})
        .mount({.destination = "/tmp", .type = "tmpfs", .source = "tmpfs", .options = {}});
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();
    supervised.wait_for("ready", "web");
    Process attached = supervised.runtime().spawn({"attach", "--no-stdin", "web"});

    // Whoever sees this event is served after the one before.
    (void)supervised.runtime().expect_success({"ctl", "list"});
    (void)supervised.runtime().expect_success({"exec", "web", "sh", "-c", "echo > /tmp/go"});
    supervised.wait_for("exited", "web");

    CHECK(contains(attached.wait().out, "attached"));
    CHECK(contains(supervised.log("web"), " F attached\n"));
}

TEST_CASE("top: a table of what the containers use" * needs(Capability::cgroup2)) {
    Bundle bundle;
    Supervised supervised;
    supervised.add(obedient(bundle), "web");
    supervised.start();
    supervised.wait_for("ready", "web");

    const std::string table = supervised.runtime().expect_success({"top", "--once"}).out;
    CHECK(contains(table, "web"));
    CHECK(contains(table, "running"));
}

TEST_CASE(
    "list: supervised containers have restarts, uptime and health" * needs(Capability::cgroup2)
) {
    Bundle bundle;
    Supervised supervised;
    supervised.add(obedient(bundle), "web");
    supervised.start();
    supervised.wait_for("ready", "web");

    CHECK(contains(supervised.runtime().expect_success({"list"}).out, "RESTARTS"));
    const Json list =
        Json::parse(supervised.runtime().expect_success({"list", "--format", "json"}).out);
    CHECK(list[0]["supervised"]["restarts"] == 0);
    CHECK(list[0]["supervised"]["health"] == "none");
}

TEST_CASE("metrics: served to who asks at the socket" * needs(Capability::cgroup2)) {
    Bundle bundle;
    TempDir directory;
    const std::string socket = directory / "metrics";
    Supervised supervised;
    supervised.add(obedient(bundle), "web");
    supervised.start({"--metrics", "unix:" + socket});
    supervised.wait_for("ready", "web");

    const std::string answer = http(socket, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");

    CHECK(contains(answer, "HTTP/1.1 200 OK\r\n"));
    CHECK(contains(answer, "\ncorun_container_starts_total{id=\"web\"} 1\n"));
    CHECK(contains(http(socket, "GET /other HTTP/1.1\r\n\r\n"), "HTTP/1.1 404"));
}

TEST_SUITE_END();
