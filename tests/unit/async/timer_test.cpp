#include "corun/async/timer.hpp"

#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <vector>

namespace corun::async {
namespace {

using namespace testing;

Task<> nap(Clock::duration duration) {
    co_await sleep_for(duration);
}

Task<> nap_and_note(int milliseconds, std::vector<int>& woken) {
    co_await sleep_for(std::chrono::milliseconds(milliseconds));
    woken.push_back(milliseconds);
}

Task<> nap_three(Group& group, std::vector<int>& woken) {
    group.spawn(nap_and_note(60, woken));
    group.spawn(nap_and_note(40, woken));
    group.spawn(nap_and_note(50, woken));
    co_return;
}

Task<> nap_side_by_side(Group& group, int count, Clock::duration duration) {
    for (int i = 0; i < count; ++i) {
        group.spawn(nap(duration));
    }
    co_return;
}

Task<> nap_until(Clock::time_point when, int& woken) {
    co_await sleep_until(when);
    ++woken;
}

Task<> nap_together(Group& group, int count, int& woken) {
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < count; ++i) {
        group.spawn(nap_until(start + std::chrono::microseconds(i % 1000), woken));
    }
    co_return;
}

Task<int> seven_at_once() {
    co_return 7;
}

Task<> stubborn(bool& cleaned) {
    std::exception_ptr cancelled;
    try {
        co_await sleep_for(kForever);
    } catch (const Cancelled&) {
        cancelled = std::current_exception();
    }
    Task<> cleanup = nap(1ms);
    co_await shielded(std::move(cleanup));
    cleaned = true;
    std::rethrow_exception(cancelled);
}

Task<int> finishes_all_the_same() {
    try {
        co_await sleep_for(kForever);
    } catch (const Cancelled&) {
        co_return 8;
    }
    co_return 0;
}

Task<> note_turns(char name, std::string& log) {
    for (int i = 0; i < 3; ++i) {
        log += name;
        co_await yield();
    }
}

Task<> take_turns(Group& group, std::string& log) {
    group.spawn(note_turns('a', log));
    group.spawn(note_turns('b', log));
    co_return;
}

Task<> spin(bool& stop, int& turns) {
    while (!stop) {
        ++turns;
        co_await yield();
    }
}

Task<> spin_until_timer(Group& group, bool& stop, int& turns) {
    group.spawn(spin(stop, turns));
    co_await sleep_for(1ms);
    stop = true;
}

}  // namespace

TEST_CASE("timer: sleepers wake in the order of their times, none too early") {
    Loop loop;
    std::vector<int> woken;
    const Clock::time_point start = Clock::now();

    loop.run(with_group(nap_three, std::ref(woken)));

    CHECK(woken == std::vector<int>{40, 50, 60});
    CHECK(Clock::now() - start >= 60ms);
}

TEST_CASE("timer: a hundred tasks sleep at the same time, not one after the other") {
    Loop loop;
    const Clock::time_point start = Clock::now();

    loop.run(with_group(nap_side_by_side, 100, 20ms));

    CHECK(Clock::now() - start >= 20ms);
    CHECK(Clock::now() - start < 1s);  // half of the sum
}

TEST_CASE("timer: a time that has passed does not block") {
    Loop loop;

    loop.run(nap(-1s));
    loop.run(nap(0s));
}

TEST_CASE("timer: a hundred thousand sleepers all wake") {
    Loop loop;
    int woken = 0;

    loop.run(with_group(nap_together, 100'000, std::ref(woken)));

    CHECK(woken == 100'000);
}

TEST_CASE("timer: yield lets the others take their turn") {
    Loop loop;
    std::string log;

    loop.run(with_group(take_turns, std::ref(log)));

    CHECK(log == "ababab");
}

TEST_CASE("timer: a task that is always ready does not hold up the clock") {
    Loop loop;
    bool stop = false;
    int turns = 0;

    loop.run(with_group(spin_until_timer, std::ref(stop), std::ref(turns)));

    CHECK(turns > 0);
}

TEST_CASE("deadline: a task that takes too long is an ETIMEDOUT error that names the limit") {
    Loop loop;

    CHECK_THROWS_WITH(
        loop.run(with_deadline(5ms, nap(kForever))),
        "deadline of 5 ms exceeded: Connection timed out (ETIMEDOUT)"
    );
}

TEST_CASE("deadline: a task that is in time gives its value and the timer is gone") {
    Loop loop;
    const Clock::time_point start = Clock::now();

    CHECK(loop.run(with_deadline(kForever, seven_at_once())) == 7);
    CHECK(Clock::now() - start < 10s);
}

TEST_CASE("deadline: the inner of two deadlines passes first") {
    Loop loop;

    CHECK_THROWS_WITH(
        loop.run(with_deadline(kForever, with_deadline(1ms, nap(kForever)))),
        "deadline of 1 ms exceeded: Connection timed out (ETIMEDOUT)"
    );
}

TEST_CASE("deadline: the outer of two deadlines passes through the inner one") {
    Loop loop;

    CHECK_THROWS_WITH(
        loop.run(with_deadline(1ms, with_deadline(kForever, nap(kForever)))),
        "deadline of 1 ms exceeded: Connection timed out (ETIMEDOUT)"
    );
}

TEST_CASE("deadline: shielded cleanup runs to its end before the error is thrown") {
    Loop loop;
    bool cleaned = false;

    CHECK_THROWS_AS(loop.run(with_deadline(1ms, stubborn(cleaned))), Error);

    CHECK(cleaned);
}

TEST_CASE("deadline: a task that succeeds after the deadline has succeeded") {
    Loop loop;

    CHECK(loop.run(with_deadline(1ms, finishes_all_the_same())) == 8);
}

}  // namespace corun::async
