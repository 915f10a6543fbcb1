#include "corun/async/child_exit.hpp"

#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <functional>
#include <vector>

namespace corun::async {
namespace {

using namespace testing;

Task<sys::ExitStatus> kill_and_wait(const sys::Pidfd& child) {
    (void)child.send_signal(SIGKILL);  // it runs until then
    const sys::ExitStatus status = co_await exit_of(child);
    co_return status;
}

Task<> note_exit(const sys::Pidfd* child, int& sum) {
    const sys::ExitStatus status = co_await exit_of(*child);
    sum += status.code;
}

Task<> note_all(Group& group, const std::vector<sys::Pidfd>* children, int& sum) {
    for (const sys::Pidfd& child : *children) {
        group.spawn(note_exit(&child, sum));
    }
    co_return;
}

}  // namespace

TEST_CASE("child exit: the exit code of a child is returned and the child is reaped") {
    Loop loop;
    const sys::Pidfd child = spawn_child([] { return 7; });

    CHECK(loop.run(exit_of(child)).code == 7);
    CHECK_THROWS_AS((void)child.wait(), Error);
}

TEST_CASE("child exit: the signal that ended a child is returned") {
    Loop loop;
    const sys::Pidfd child = spawn_child([] { return ::pause(); });

    CHECK(loop.run(kill_and_wait(child)).signal == SIGKILL);
}

TEST_CASE("child exit: end_of only waits, and somebody else reaps") {
    Loop loop;
    const sys::Pidfd child = spawn_child([] { return 3; });

    loop.run(end_of(child));

    CHECK(child.wait().code == 3);
}

TEST_CASE("child exit: many children are waited for at once") {
    Loop loop;
    std::vector<sys::Pidfd> children;
    for (int i = 0; i < 100; ++i) {
        children.push_back(spawn_child([i] { return i; }));
    }
    int sum = 0;

    loop.run(with_group(note_all, &children, std::ref(sum)));

    CHECK(sum == 4950);
}

TEST_CASE("child exit: a deadline over the wait leaves the child to its owner") {
    Loop loop;
    const sys::ChildGuard child(spawn_child([] { return ::pause(); }));

    CHECK_THROWS_WITH(
        (void)loop.run(with_deadline(2ms, exit_of(child.child()))),
        "deadline of 2 ms exceeded: Connection timed out (ETIMEDOUT)"
    );
    CHECK_FALSE(child.child().has_exited());
}

}  // namespace corun::async
