#include "corun/async/condition.hpp"

#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/timer.hpp"

#include <doctest/doctest.h>

#include <functional>

using namespace corun::async;

namespace {

Task<> wait_for(std::reference_wrapper<Condition> condition, std::reference_wrapper<int> heard) {
    co_await condition.get().changed();
    ++heard.get();
}

Task<> wait_twice(std::reference_wrapper<Condition> condition, std::reference_wrapper<int> heard) {
    co_await condition.get().changed();
    ++heard.get();
    co_await condition.get().changed();
    ++heard.get();
}

Task<> two_and_one_word(
    Group& group, std::reference_wrapper<Condition> condition, std::reference_wrapper<int> heard
) {
    group.spawn(wait_for(condition, heard));
    group.spawn(wait_for(condition, heard));
    condition.get().notify_all();
    CHECK(heard.get() == 0);  // nobody runs before the one who speaks waits
    co_await yield();
    CHECK(heard.get() == 2);
}

Task<> one_word_for_two_waits(
    Group& group, std::reference_wrapper<Condition> condition, std::reference_wrapper<int> heard
) {
    group.spawn(wait_twice(condition, heard));
    condition.get().notify_all();
    co_await yield();
    CHECK(heard.get() == 1);
    group.cancel();
}

Task<> wait_at_most(
    std::reference_wrapper<Condition> condition, std::chrono::milliseconds limit, bool* heard
) {
    *heard = co_await changed_within(condition.get(), limit);
}

Task<> change_in_time(Group& group, std::reference_wrapper<Condition> condition, bool* heard) {
    group.spawn(wait_at_most(condition, std::chrono::seconds(60), heard));
    condition.get().notify_all();
    co_return;
}

}  // namespace

TEST_CASE("condition: a wait for a change can have its time") {
    Condition condition;
    bool heard = true;

    Loop().run(wait_at_most(std::ref(condition), std::chrono::milliseconds(1), &heard));
    CHECK_FALSE(heard);
    Loop().run(with_group(change_in_time, std::ref(condition), &heard));
    CHECK(heard);
}

TEST_CASE("condition: all that wait are woken, and by the loop") {
    Condition condition;
    int heard = 0;

    Loop().run(with_group(two_and_one_word, std::ref(condition), std::ref(heard)));

    CHECK(heard == 2);
}

TEST_CASE("condition: a word wakes nobody who waits only after it, and cancellation ends the wait"
) {
    Condition condition;
    int heard = 0;

    Loop().run(with_group(one_word_for_two_waits, std::ref(condition), std::ref(heard)));

    CHECK(heard == 1);
    condition.notify_all();  // nobody is left on the list
}
