#include "corun/async/group.hpp"

#include "corun/async/loop.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>

namespace corun::async {
namespace {

using namespace testing;

Task<> fail_with(std::string message, int error_number) {
    co_await yield();
    throw Error(message, error_number);
}

Task<> sleep_long(int& cancelled) {
    try {
        co_await sleep_for(kForever);
    } catch (const Cancelled&) {
        ++cancelled;
        throw;
    }
}

Task<> one_fails(Group& group, int& cancelled) {
    group.spawn(sleep_long(cancelled));
    group.spawn(fail_with("second", EIO));
    group.spawn(sleep_long(cancelled));
    co_await sleep_long(cancelled);
}

Task<> body_fails(Group& group, int& cancelled) {
    group.spawn(sleep_long(cancelled));
    co_await fail_with("body", EINVAL);
}

Task<> two_fail(Group& group) {
    group.spawn(fail_with("first", EIO));
    group.spawn(fail_with("other", ENOENT));
    group.spawn(fail_with("last", EPERM));
    co_return;
}

Task<> note(int value, std::string& log) {
    log += std::to_string(value);
    co_await yield();
    log += std::to_string(value);
}

Task<> spawn_notes(Group& group, std::string& log) {
    group.spawn(note(1, log));
    log += "b";
    group.spawn(note(2, log));
    co_return;
}

Task<> spawn_below(Group& group, int depth, int& count) {
    co_await yield();
    ++count;
    if (depth > 0) {
        group.spawn(spawn_below(group, depth - 1, count));
        group.spawn(spawn_below(group, depth - 1, count));
    }
}

Task<> spawn_tree(Group& group, int& count) {
    group.spawn(spawn_below(group, 9, count));
    co_return;
}

Task<> stop_helpers(Group& group, int& cancelled) {
    group.spawn(sleep_long(cancelled));
    co_await yield();
    group.cancel();
}

Task<> fail_at_once() {
    throw Error("at once", EIO);
    co_return;
}

Task<> spawn_failing_at_once(Group& group, std::string& log) {
    group.spawn(fail_at_once());
    log += "body goes on";
    co_await yield();
    log += ", unreached";
}

Task<> own_argument(Group&, std::unique_ptr<int> value, int& copy) {
    co_await yield();
    copy = *value;
}

Task<> nested_group(Group& group, int& cancelled) {
    group.spawn(sleep_long(cancelled));
    co_await sleep_long(cancelled);
}

Task<> spawn_nested_and_fail(Group& group, int& cancelled) {
    group.spawn(with_group(nested_group, std::ref(cancelled)));
    group.spawn(fail_with("outer", EIO));
    co_return;
}

Task<> fail_in_cleanup() {
    try {
        co_await sleep_for(kForever);
    } catch (const Cancelled&) {
        throw Error("cleanup", EBUSY);
    }
}

Task<> cancelled_with_failing_cleanup(Group& group) {
    group.spawn(fail_in_cleanup());
    co_await yield();
    group.cancel();
}

Task<> do_nothing() {
    co_await yield();
}

Task<> spawn_many(Group& group, int count) {
    for (int i = 0; i < count; ++i) {
        group.spawn(do_nothing());
    }
    co_return;
}

}  // namespace

TEST_CASE("group: it ends only after the last of its tasks") {
    Loop loop;
    std::string log;

    loop.run(with_group(spawn_notes, std::ref(log)));

    CHECK(log == "1b212");
}

TEST_CASE("group: an empty group ends at once") {
    Loop loop;

    loop.run(with_group([](Group&) -> Task<> { co_return; }));
}

TEST_CASE("group: the first failure cancels the others and is thrown") {
    Loop loop;
    int cancelled = 0;

    CHECK_THROWS_WITH(
        loop.run(with_group(one_fails, std::ref(cancelled))), "second: Input/output error (EIO)"
    );
    CHECK(cancelled == 3);
}

TEST_CASE("group: a failure of the body cancels the tasks") {
    Loop loop;
    int cancelled = 0;

    CHECK_THROWS_WITH(
        loop.run(with_group(body_fails, std::ref(cancelled))), "body: Invalid argument (EINVAL)"
    );
    CHECK(cancelled == 1);
}

TEST_CASE("group: failures after the first one are noted in its text") {
    Loop loop;

    CHECK_THROWS_WITH(
        loop.run(with_group(two_fail)),
        "first (then: other: No such file or directory (ENOENT); and 1 more): "
        "Input/output error (EIO)"
    );
}

TEST_CASE("group: a task that fails within spawn does not throw there") {
    Loop loop;
    std::string log;

    CHECK_THROWS_WITH(
        loop.run(with_group(spawn_failing_at_once, std::ref(log))),
        "at once: Input/output error (EIO)"
    );
    CHECK(log == "body goes on");
}

TEST_CASE("group: tasks may spawn further tasks") {
    Loop loop;
    int count = 0;

    loop.run(with_group(spawn_tree, std::ref(count)));

    CHECK(count == 1023);
}

TEST_CASE("group: cancelling it ends its tasks and is no failure") {
    Loop loop;
    int cancelled = 0;

    loop.run(with_group(stop_helpers, std::ref(cancelled)));

    CHECK(cancelled == 1);
}

TEST_CASE("group: a failure of one task reaches into the group of another") {
    Loop loop;
    int cancelled = 0;

    CHECK_THROWS_WITH(
        loop.run(with_group(spawn_nested_and_fail, std::ref(cancelled))),
        "outer: Input/output error (EIO)"
    );
    CHECK(cancelled == 2);
}

TEST_CASE("group: an error in the cleanup of a cancelled task is thrown") {
    Loop loop;

    CHECK_THROWS_WITH(
        loop.run(with_group(cancelled_with_failing_cleanup)),
        "cleanup: Device or resource busy (EBUSY)"
    );
}

TEST_CASE("group: arguments of the body are moved into it or lent to it") {
    Loop loop;
    int copy = 0;

    loop.run(with_group(own_argument, std::make_unique<int>(9), std::ref(copy)));

    CHECK(copy == 9);
}

TEST_CASE("group: a deadline over a group is thrown once its tasks have ended") {
    Loop loop;
    int cancelled = 0;

    CHECK_THROWS_AS(
        loop.run(with_deadline(1ms, with_group(nested_group, std::ref(cancelled)))), Error
    );
    CHECK(cancelled == 2);
}

TEST_CASE("group: a hundred thousand tasks come and go") {
    Loop loop;

    loop.run(with_group(spawn_many, 100'000));
}

}  // namespace corun::async
