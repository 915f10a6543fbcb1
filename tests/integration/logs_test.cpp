// `logs`: what supervised containers have written, as who asks for it sees it.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "supervised.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>

using namespace corun;
using namespace corun::test;

namespace {

std::string counted(unsigned first, unsigned last) {
    std::string text;
    for (unsigned i = first; i <= last; ++i) {
        text += concat(i, "\n");
    }
    return text;
}

/// Counts to `last`, as fast as it can.
Bundle& counting_to(Bundle& bundle, unsigned last) {
    return bundle.args(
        {"sh", "-c", concat("i=0; while [ $i != ", last, " ]; do i=$((i+1)); echo $i; done")}
    );
}

}  // namespace

TEST_SUITE_BEGIN("logs");

TEST_CASE("logs: both outputs come out where they went in" * needs(Capability::cgroup2)) {
    for (const char* driver : {"k8s-file", "json-file"}) {
        Bundle bundle;
        bundle.args({"sh", "-c", "echo out; echo err >&2; printf part; sleep 0.1; echo s"})
            .annotation("org.corun.log.driver", driver);
        Supervised supervised;
        supervised.add(bundle, "web");
        supervised.start();
        supervised.wait_for("stopped", "web");

        const Result both = supervised.runtime().expect_success({"logs", "web"});
        CHECK(both.out == "out\nparts\n");
        CHECK(both.err == "err\n");
        const Result timed = supervised.runtime().expect_success({"logs", "-t", "web"});
        CHECK(contains(timed.err, "Z err\n"));
    }
}

TEST_CASE("logs: a part of them is chosen, also from rotated files" * needs(Capability::cgroup2)) {
    Bundle bundle;
    counting_to(bundle, 1000)
        .annotation("org.corun.log.max-size", "10k")
        .annotation("org.corun.log.max-files", "99");
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();
    supervised.wait_for("stopped", "web");

    Runtime& runtime = supervised.runtime();
    CHECK(runtime.expect_success({"logs", "web"}).out == counted(1, 1000));
    CHECK(runtime.expect_success({"logs", "--tail", "300", "web"}).out == counted(701, 1000));
    CHECK(runtime.expect_success({"logs", "--since", "1h", "web"}).out == counted(1, 1000));
    CHECK(runtime.expect_success({"logs", "--until", "1h", "web"}).out.empty());
    CHECK(runtime.expect_success({"logs", "--since", "2100-01-01T00:00:00Z", "web"}).out.empty());
}

TEST_CASE(
    "logs: following misses nothing, whatever becomes of the supervisor, and ends with the "
    "container" *
    needs(Capability::cgroup2)
) {
    Bundle bundle;
    bundle
        .args(
            {"sh",
             "-c",
             "i=0; while [ $i != 2000 ]; do i=$((i+1)); echo $i; [ $((i % 20)) != 0 ] || sleep "
             "0.02; done"}
        )
        .annotation("org.corun.log.max-size", "10k")
        .annotation("org.corun.log.max-files", "99");
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.start();
    supervised.wait_for("ready", "web");

    Process follower = supervised.runtime().spawn({"logs", "--follow", "web"});
    follower.wait_for_output("\n100\n");
    supervised.kill();
    supervised.start();
    follower.wait_for_output("\n1000\n");
    supervised.process().signal(SIGUSR2);

    const Result result = follower.wait();
    CHECK(result.exit_code == 0);
    CHECK(result.out == counted(1, 2000));
}

TEST_CASE("logs: who cannot be told says why" * needs(Capability::cgroup2)) {
    Bundle bundle;
    bundle.annotation("org.corun.log.driver", "journald");
    Bundle silent;
    silent.annotation("org.corun.log.driver", "none");
    Supervised supervised;
    supervised.add(bundle, "web");
    supervised.add(silent, "silent");
    supervised.start();
    supervised.wait_for("started", "web");
    supervised.wait_for("started", "silent");

    Runtime& runtime = supervised.runtime();
    CHECK(failed_saying("container does not exist", runtime({"logs", "nobody"})));
    CHECK(failed_saying("journalctl CONTAINER_ID_FULL=web", runtime({"logs", "web"})));
    CHECK(failed_saying("is not kept (log driver none)", runtime({"logs", "silent"})));
    CHECK(failed_saying("--since: expected a time", runtime({"logs", "--since", "soon", "web"})));
}

TEST_SUITE_END();
