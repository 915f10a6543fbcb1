#include "corun/supervise/children.hpp"

#include "corun/sys/process.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

using namespace corun;
using namespace corun::supervise;

namespace {

/// A child that ends with `code`, or is killed by `signal`; it has ended when this returns.
sys::ProcessIdentity ended_child(int code, int signal = 0) {
    const sys::Cloned child = sys::clone3(0);
    if (child.in_child()) {
        if (signal != 0) {
            sys::reset_signals();
            (void)::raise(signal);
        }
        ::_exit(code);
    }
    REQUIRE(child.process.exits_within(std::chrono::seconds(10)));
    const std::optional<sys::ProcessStat> stat = sys::try_process_stat(child.pid);
    REQUIRE(stat);
    return {.pid = child.pid, .start_time = stat->start_time};
}

}  // namespace

TEST_CASE("keeper's children: how one ended is remembered by pid and start time") {
    Children children;
    const sys::ProcessIdentity failed = ended_child(3);
    const sys::ProcessIdentity killed = ended_child(0, SIGKILL);
    CHECK(children.find(failed) == nullptr);

    children.reap();

    REQUIRE(children.find(failed) != nullptr);
    CHECK(children.find(failed)->status.code == 3);
    REQUIRE(children.find(killed) != nullptr);
    CHECK(children.find(killed)->status.signal == SIGKILL);
    CHECK(children.find({.pid = failed.pid, .start_time = failed.start_time + 1}) == nullptr);
    CHECK(children.ended().size() == 2);
}

TEST_CASE("keeper's children: workers are reaped and forgotten") {
    Children children;
    const sys::ProcessIdentity worker = ended_child(0);
    const sys::ProcessIdentity check = ended_child(0);
    children.add_worker(worker.pid, WorkKind::run);
    children.add_worker(check.pid, WorkKind::check);
    CHECK(children.is_starting());

    children.reap();

    CHECK_FALSE(children.is_starting());
    CHECK(children.find(worker) == nullptr);
    CHECK(children.ended().empty());
}

TEST_CASE("keeper's children: only a worker that starts a container counts as starting") {
    Children children;
    children.add_worker(1, WorkKind::check);
    CHECK_FALSE(children.is_starting());
}
