// `supervise`: many containers in one process, whatever becomes of it.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "supervised.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <string>

using namespace corun;
using namespace corun::test;

namespace {

/// Counts aloud, for ever, about a thousand lines a second.
Bundle& counting(Bundle& bundle) {
    return bundle.args(
        {"sh",
         "-c",
         "i=0; while :; do i=$((i+1)); echo $i; [ $((i % 20)) != 0 ] || sleep 0.02; done"}
    );
}

Bundle& sleeping(Bundle& bundle) {
    return bundle.args({"sleep", "1000"});
}

/// PIDs 1 ignore what they have no handler for: this one has.
Bundle& obedient(Bundle& bundle) {
    return bundle.args({"sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"});
}

/// Nothing is missing, nothing is there twice.
void check_counted(const std::vector<std::string>& lines) {
    REQUIRE_FALSE(lines.empty());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        REQUIRE(lines[i] == std::to_string(i + 1));
    }
}

}  // namespace

TEST_SUITE_BEGIN("supervise");

TEST_CASE("supervise: its containers are containers like any other" * needs(Capability::cgroup2)) {
    Bundle bundle;
    Supervised supervised;
    supervised.add(obedient(bundle), "web");
    supervised.start();
    supervised.wait_for("ready", "web");
    supervised.wait_until_ready();
    CHECK(contains(supervised.told(), "STATUS=1 containers"));

    const Json state = Json::parse(supervised.runtime().expect_success({"state", "web"}).out);
    CHECK(state["status"] == "running");
    CHECK(supervised.runtime().expect_success({"exec", "web", "echo", "hi"}).out == "hi\n");

    CHECK(supervised.stop().empty());
    CHECK(supervised.runtime()({"state", "web"}).exit_code == 1);
}

TEST_CASE(
    "supervise: a container that fails is restarted as often as asked" * needs(Capability::cgroup2)
) {
    Bundle bundle;
    bundle.args({"sh", "-c", "exit 3"})
        .annotation("org.corun.restart", "on-failure:2")
        .annotation("org.corun.restart-delay", "10ms");
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();

    supervised.wait_for("failed", "web");

    CHECK(supervised.count("started", "web") == 3);
    const Json unit = supervised.unit("web");
    CHECK(unit["state"] == "failed");
    REQUIRE(unit["exits"].size() == 3);
    CHECK(unit["exits"][0]["status"] == 3);
    CHECK(unit["exits"][0]["decision"] == "restart in 10ms: exit status 3");
    CHECK(unit["exits"][2]["decision"] == "failed: exit status 3, after 2 retries");
}

TEST_CASE(
    "supervise: one killed by a signal is told from one that exits" * needs(Capability::cgroup2)
) {
    Bundle bundle;
    Supervised supervised;
    supervised.add(sleeping(bundle), "web");
    supervised.start();
    supervised.wait_for("ready", "web");

    (void)supervised.runtime().expect_success({"kill", "web", "KILL"});
    supervised.wait_for("failed", "web");

    CHECK(supervised.unit("web")["exits"][0]["signal"] == SIGKILL);
    CHECK(supervised.unit("web")["exits"][0]["status"] == 128 + SIGKILL);
}

TEST_CASE(
    "supervise: the status of one that ends at once is known, before its starter has ended" *
    needs(Capability::cgroup2)
) {
    Bundle bundle;
    bundle.args({"sh", "-c", "exit 5"})
        .annotation("org.corun.restart", "always")
        .annotation("org.corun.restart-delay", "1ms")
        .annotation("org.corun.restart-max-delay", "1ms");
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();

    supervised.wait_for("exited", "web", 100);

    CHECK(
        supervised.count("exited", "web") ==
        occurrences(supervised.process().output(), "\"detail\":\"exit status 5\"")
    );
}

TEST_CASE(
    "supervise: a bundle that is wrong is named and keeps no other from starting" *
    needs(Capability::cgroup2)
) {
    Bundle wrong;
    wrong.annotation("org.corun.restart", "sometimes");
    Bundle right;
    Supervised supervised;
    supervised.add(wrong, "wrong");
    supervised.add(obedient(right), "right");
    supervised.start();

    supervised.wait_for("ready", "right");
    supervised.wait_for("failed", "wrong");

    const std::string problem = supervised.unit("wrong")["problem"];
    CHECK(contains(problem, "annotation 'org.corun.restart': expected no, on-failure"));
    CHECK(contains(supervised.stop(), problem));
}

TEST_CASE(
    "supervise: one that comes after another starts when that is ready" * needs(Capability::cgroup2)
) {
    Bundle database;
    database
        .args(
            {"sh",
             "-c",
             "trap 'exit 0' TERM; sleep 0.3; echo >&3; exec 3>&-; while :; do sleep 0.1; done"}
        )
        .annotation("org.corun.readiness", "fd:3");
    Bundle web;
    obedient(web).annotation("org.corun.requires", "db");
    Supervised supervised;
    supervised.add(database, "db");
    supervised.add(web, "web");
    supervised.start();

    supervised.wait_for("ready", "web");

    const std::string& told = supervised.process().output();
    CHECK(
        told.find("\"kind\":\"ready\",\"id\":\"db\"") <
        told.find("\"kind\":\"started\",\"id\":\"web\"")
    );
    supervised.begin_stop();
    supervised.wait_for("exited", "db");
    // Stopped the other way round.
    CHECK(
        told.find("\"kind\":\"exited\",\"id\":\"web\"") <
        told.find("\"kind\":\"stopping\",\"id\":\"db\"")
    );
}

TEST_CASE(
    "supervise: a start order in a circle, or without an end, is refused by its names" *
    needs(Capability::cgroup2)
) {
    Bundle first;
    first.annotation("org.corun.after", "b");
    Bundle second;
    second.annotation("org.corun.after", "a");
    Bundle third;
    third.annotation("org.corun.requires", "nobody");
    Supervised supervised;
    supervised.add(first, "a");
    supervised.add(second, "b");
    supervised.add(third, "c");
    supervised.start();

    supervised.wait_for("failed", "a");
    supervised.wait_for("failed", "b");
    supervised.wait_for("failed", "c");

    CHECK(supervised.unit("a")["problem"] == "start order: a → b → a");
    CHECK(supervised.unit("c")["problem"] == "requires 'nobody', which does not exist");
}

TEST_CASE(
    "supervise: standard output and standard error are told apart in the log" *
    needs(Capability::cgroup2)
) {
    Bundle bundle;
    bundle.args({"sh", "-c", "echo out; echo err >&2; printf part"});
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();

    supervised.wait_for("stopped", "web");

    const std::string log = supervised.log("web");
    CHECK(contains(log, " stdout F out\n"));
    CHECK(contains(log, " stderr F err\n"));
    CHECK(contains(log, " stdout P part\n"));
}

TEST_CASE("supervise: a terminal's output is logged, too" * needs(Capability::cgroup2)) {
    Bundle bundle;
    bundle.args({"sh", "-c", "[ -t 1 ] && echo on a terminal"}).terminal();
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();

    supervised.wait_for("stopped", "web");

    CHECK(contains(supervised.log("web"), " stdout F on a terminal\n"));
}

TEST_CASE(
    "supervise: who ignores the stop signal is killed after its time, or at once at a second word" *
    needs(Capability::cgroup2)
) {
    Bundle patient;
    sleeping(patient).annotation("org.corun.stop-timeout", "300ms");
    Bundle stubborn;
    sleeping(stubborn).annotation("org.corun.stop-timeout", "infinity");
    Supervised supervised;
    supervised.add(patient, "patient");
    supervised.add(stubborn, "stubborn");
    supervised.start();
    supervised.wait_for("ready", "patient");
    supervised.wait_for("ready", "stubborn");

    supervised.begin_stop();
    supervised.wait_for("exited", "patient");
    CHECK(supervised.count("exited", "stubborn") == 0);

    supervised.begin_stop();
    supervised.wait_for("exited", "stubborn");
}

TEST_CASE("supervise: a paused container can be stopped" * needs(Capability::cgroup2)) {
    Bundle bundle;
    Supervised supervised;
    supervised.add(obedient(bundle), "web");
    supervised.start();
    supervised.wait_for("ready", "web");
    (void)supervised.runtime().expect_success({"pause", "web"});

    supervised.begin_stop();

    supervised.wait_for("exited", "web");
    CHECK(contains(supervised.process().output(), "\"id\":\"web\",\"detail\":\"exit status 0\""));
}

TEST_CASE(
    "supervise: readiness is what the container says by sd_notify" * needs(Capability::cgroup2)
) {
    Bundle bundle;
    bundle.args({"probe", "notify", "READY=1\nSTATUS=at work"})
        .annotation("org.corun.readiness", "notify");
    Bundle late;
    obedient(late)
        .annotation("org.corun.readiness", "notify")
        .annotation("org.corun.start-timeout", "100ms");
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.add(late, "late");
    supervised.start();

    supervised.wait_for("ready", "web");
    supervised.wait_for("failed", "late");

    CHECK(supervised.unit("late")["exits"][0]["decision"] == "failed: the start failed");
    CHECK(supervised.count("ready", "late") == 0);
}

TEST_CASE(
    "supervise: health checks run in the container and restart it when they fail" *
    needs(Capability::cgroup2)
) {
    Bundle bundle;
    bundle.args({"sh", "-c", "echo > /tmp/well; trap 'exit 0' TERM; while :; do sleep 0.1; done"})
        .mount({.destination = "/tmp", .type = "tmpfs", .source = "tmpfs", .options = {}})
        .annotation("org.corun.restart", "always")
        .annotation("org.corun.restart-delay", "10ms")
        .annotation("org.corun.readiness", "health")
        .annotation("org.corun.health.command", "test -e /tmp/well")
        .annotation("org.corun.health.interval", "100ms")
        .annotation("org.corun.health.retries", "2")
        .annotation("org.corun.health.action", "restart");
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();
    supervised.wait_for("ready", "web");

    (void)supervised.runtime().expect_success({"exec", "web", "busybox", "rm", "/tmp/well"});
    supervised.wait_for("ready", "web", 2);

    const Json exit = supervised.unit("web")["exits"][0];
    CHECK(exit["decision"] == "restart in 10ms: unhealthy");
}

TEST_CASE(
    "supervise: a health check that writes without end is cut short (CVE-2022-1708)" *
    needs(Capability::cgroup2)
) {
    Bundle bundle;
    sleeping(bundle)
        .annotation("org.corun.health.command", "sh -c 'yes | head -c 50000000; echo end; exit 3'")
        .annotation("org.corun.health.interval", "100ms")
        .annotation("org.corun.health.timeout", "20s");
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();
    supervised.wait_for("ready", "web");

    supervised.wait_for_status("web", "health check: exit status 3: y");

    const std::string status = supervised.runtime().expect_success({"ctl", "status", "web"}).out;
    CHECK(status.size() < 4096);
    CHECK_FALSE(contains(status, "end"));
}

TEST_CASE("supervise: bundles that come, change and go are followed" * needs(Capability::cgroup2)) {
    Bundle first;
    Bundle second;
    Supervised supervised;
    supervised.add(obedient(first), "first");
    supervised.start();
    supervised.wait_for("ready", "first");

    supervised.add(obedient(second), "second");
    supervised.wait_for("ready", "second");

    first.annotation("org.corun.restart", "always").annotation("org.corun.restart-delay", "10ms");
    first.write();
    supervised.process().signal(SIGHUP);
    (void)supervised.runtime().expect_success({"kill", "first", "KILL"});
    supervised.wait_for("ready", "first", 2);

    supervised.take_away("second");
    supervised.wait_for("removed", "second");
    CHECK(supervised.unit("second").is_null());
    CHECK(supervised.runtime()({"state", "second"}).exit_code == 1);
}

TEST_CASE(
    "supervise: a configuration that broke fails the next start, and says so" *
    needs(Capability::cgroup2)
) {
    Bundle bundle;
    obedient(bundle)
        .annotation("org.corun.restart", "always")
        .annotation("org.corun.restart-delay", "10ms");
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();
    supervised.wait_for("ready", "web");

    bundle.json()["ociVersion"] = 7;
    bundle.write();
    (void)supervised.runtime().expect_success({"kill", "web", "KILL"});
    supervised.wait_for("restarting", "web", 3);
    CHECK(contains(std::string(supervised.unit("web")["problem"]), "/ociVersion: expected"));

    bundle.json()["ociVersion"] = "1.0.2";
    bundle.write();
    supervised.wait_for("ready", "web", 2);
}

TEST_CASE("supervise: there is one for a state root" * needs(Capability::cgroup2)) {
    Bundle bundle;
    Supervised supervised;
    supervised.add(obedient(bundle), "web");
    supervised.start();
    supervised.wait_for("ready", "web");

    CHECK(failed_saying(
        "a supervisor runs already with root", supervised.runtime()({"supervise", "--dir", "/tmp"})
    ));
}

TEST_CASE("supervise: a container of somebody else's is left alone" * needs(Capability::cgroup2)) {
    Bundle bundle;
    Supervised supervised;
    Container other = supervised.runtime().run_detached(sleeping(bundle));
    supervised.add(bundle, other.id());
    supervised.start();

    supervised.wait_for("failed", other.id());

    CHECK(
        supervised.unit(other.id())["problem"] ==
        "a container of that id runs already, not for this supervisor: File exists (EEXIST)"
    );
    CHECK(other.status() == "running");
    (void)supervised.stop();
    other.kill("KILL");
    other.wait();
    other.remove();
}

TEST_CASE(
    "supervise: killed, it leaves its containers, and the next one goes on with them" *
    needs(Capability::cgroup2)
) {
    Bundle bundle;
    Supervised supervised;
    supervised.add(counting(bundle), "web");
    supervised.start({"--stop-timeout", "0"});
    supervised.wait_for_log("web", " F 100\n");
    const Json before = supervised.unit("web");

    supervised.kill();
    CHECK(
        Json::parse(supervised.runtime().expect_success({"state", "web"}).out)["status"] ==
        "running"
    );
    supervised.start({"--stop-timeout", "0"});
    supervised.wait_for_log("web", " F 1000\n");

    const Json after = supervised.unit("web");
    CHECK(after["pid"] == before["pid"]);
    CHECK(after["starts"] == 1);
    (void)supervised.stop();
    check_counted(supervised.log_lines("web"));
}

TEST_CASE(
    "supervise: what ended while there was none is told by the next, with its status" *
    needs(Capability::cgroup2)
) {
    Bundle bundle;
    bundle.args({"sh", "-c", "echo begin; read -t 1 x < /dev/zero; sleep 0.5; echo end; exit 7"});
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();
    supervised.wait_for("ready", "web");
    const std::optional<sys::Pidfd> process =
        sys::Pidfd::try_open(supervised.unit("web")["pid"].get<pid_t>());
    REQUIRE(process);

    supervised.kill();
    REQUIRE(wait_for_exit(*process));
    supervised.start();
    supervised.wait_for("failed", "web");

    CHECK(supervised.unit("web")["exits"][0]["status"] == 7);
    CHECK(supervised.unit("web")["starts"] == 1);
    CHECK(supervised.log_lines("web") == std::vector<std::string>{"begin", "end"});
}

TEST_CASE("supervise: a live upgrade is noticed by nobody" * needs(Capability::cgroup2)) {
    Bundle bundle;
    Supervised supervised;
    supervised.add(counting(bundle), "web");
    supervised.start({"--stop-timeout", "0"});
    supervised.wait_for_log("web", " F 100\n");
    const Json before = supervised.unit("web");

    supervised.process().signal(SIGUSR2);
    supervised.wait_for_log("web", " F 1000\n");
    supervised.process().signal(SIGUSR2);
    supervised.wait_for_log("web", " F 2000\n");
    supervised.wait_until_told("RELOADING=1", 2);
    supervised.wait_until_told("READY=1", 3);

    CHECK(supervised.unit("web")["pid"] == before["pid"]);
    CHECK(supervised.unit("web")["starts"] == 1);
    (void)supervised.stop();
    check_counted(supervised.log_lines("web"));
}

/// Says that it has started, in a file of the host's and in its log, and ends soon; once there is
/// the file `last`, it stays.
Bundle& short_lived(Bundle& bundle, const std::string& data) {
    return bundle
        .args(
            {"sh",
             "-c",
             "echo start >> /data/starts; echo run;"
             "[ -e /data/last ] && echo last && exec sleep 1000;"
             "sleep 0.0$((RANDOM % 5)); echo end"}
        )
        .mount({.destination = "/data", .type = "bind", .source = data, .options = {"bind", "rw"}})
        .annotation("org.corun.restart", "always")
        .annotation("org.corun.restart-delay", "10ms")
        .annotation("org.corun.restart-max-delay", "10ms");
}

/// $CORUN_TEST_KILLS in the long test.
unsigned number_of_kills() {
    constexpr unsigned kKills = 20;
    const char* const text = std::getenv("CORUN_TEST_KILLS");
    return text == nullptr ? kKills : parse_number<unsigned>(text).value_or(kKills);
}

TEST_CASE(
    "supervise: killed at any moment, it starts nothing twice and loses no exit and no byte" *
    needs(Capability::cgroup2)
) {
    TempDir data;
    Bundle steady;
    Bundle restless;
    Supervised supervised;
    supervised.add(counting(steady), "steady");
    supervised.add(short_lived(restless, data.path()), "restless");
    std::minstd_rand random(4711);
    const unsigned kills = number_of_kills();

    for (unsigned i = 0; i < kills; ++i) {
        supervised.start();
        supervised.let_run(std::chrono::microseconds(random() % 150'000));
        supervised.kill();
    }
    supervised.start({"--stop-timeout", "0"});
    supervised.wait_until_ready();
    supervised.wait_for("started", "restless");
    // Stopped before its first words, a container would be one start with nothing to show for it.
    write_text(data / "last", "");
    supervised.wait_for_log("restless", " F last\n");
    (void)supervised.stop();

    check_counted(supervised.log_lines("steady"));
    CHECK(supervised.unit("steady")["starts"] == 1);
    const std::size_t starts = occurrences(read_text(data / "starts"), "start\n");
    CAPTURE(supervised.unit("restless").dump());
    CHECK(supervised.unit("restless")["starts"] == starts);
    const std::string log = supervised.log("restless");
    CHECK(occurrences(log, " F run\n") == starts);
    CHECK(occurrences(log, " F end\n") == starts - 1);
}

TEST_CASE(
    "supervise: without its keeper it gets another one, and misses no exit" *
    needs(Capability::cgroup2)
) {
    Bundle bundle;
    Supervised supervised;
    supervised.add(counting(bundle), "web");
    supervised.start();
    supervised.wait_for_log("web", " F 100\n");

    ::kill(supervised.keeper(), SIGKILL);
    supervised.wait_for_log("web", " F 1000\n");
    (void)supervised.runtime().expect_success({"kill", "web", "KILL"});
    supervised.wait_for("failed", "web");

    CHECK(supervised.unit("web")["exits"][0]["signal"] == SIGKILL);
    CHECK(contains(supervised.stop(), "the keeper has ended"));
    check_counted(supervised.log_lines("web"));
}

TEST_SUITE_END();
