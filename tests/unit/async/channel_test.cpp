#include "corun/async/channel.hpp"

#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace corun::async {
namespace {

using namespace testing;

Task<> send_numbers(Channel<int>& channel, int count, std::string& log) {
    for (int i = 0; i < count; ++i) {
        co_await channel.send(i);
        log += concat("s", i, " ");
    }
    channel.close();
}

Task<> receive_numbers(Channel<int>& channel, std::string& log) {
    for (;;) {
        const std::optional<int> value = co_await channel.receive();
        if (!value) {
            log += "end";
            co_return;
        }
        log += concat("r", *value, " ");
    }
}

Task<> send_then_receive(Group& group, Channel<int>& channel, std::string& log) {
    group.spawn(send_numbers(channel, 3, log));
    group.spawn(receive_numbers(channel, log));
    co_return;
}

std::string exchange_log(std::size_t capacity) {
    Loop loop;
    Channel<int> channel(capacity);
    std::string log;
    loop.run(with_group(send_then_receive, std::ref(channel), std::ref(log)));
    return log;
}

Task<std::string> receive_after_close(Channel<std::string>& channel) {
    co_await channel.send("kept");
    channel.close();
    const std::optional<std::string> first = co_await channel.receive();
    const std::optional<std::string> second = co_await channel.receive();
    co_return concat(first.value_or("nothing"), ", ", second.value_or("nothing"));
}

Task<> send_one(Channel<std::string>& channel) {
    co_await channel.send("x");
}

Task<> send_to_closed(Channel<std::string>& channel) {
    channel.close();
    co_await channel.send("x");
}

Task<> close_under_sender(Group& group, Channel<std::string>& channel) {
    group.spawn(send_one(channel));
    channel.close();
    co_return;
}

Task<int> pass_box(Channel<std::unique_ptr<int>>& channel) {
    co_await channel.send(std::make_unique<int>(3));
    const std::optional<std::unique_ptr<int>> box = co_await channel.receive();
    co_return **box;
}

// The classic: tasks that each take some time go through a channel to a group of workers, and the
// results come back through another one.
struct Work {
    int id = 0;
    Clock::duration takes = 0ms;
};

struct WorkShop {
    Channel<Work> orders{2};
    Channel<int> results{2};
    std::vector<int> done;
    int producers_left = 0;
};

constexpr int kProducers = 4;
constexpr int kOrdersEach = 5;
constexpr int kWorkers = kProducers * kOrdersEach;

Task<> produce(WorkShop& shop, int producer) {
    for (int i = 0; i < kOrdersEach; ++i) {
        const int id = producer * kOrdersEach + i;
        const Work work = {.id = id, .takes = std::chrono::milliseconds(20 + id)};
        co_await shop.orders.send(work);
    }
    if (--shop.producers_left == 0) {
        shop.orders.close();
    }
}

Task<> work_off(WorkShop& shop) {
    for (;;) {
        const std::optional<Work> work = co_await shop.orders.receive();
        if (!work) {
            co_return;
        }
        co_await sleep_for(work->takes);
        co_await shop.results.send(work->id);
    }
}

Task<> employ(Group& group, WorkShop& shop) {
    for (int i = 0; i < kWorkers; ++i) {
        group.spawn(work_off(shop));
    }
    co_return;
}

Task<> work_then_close(WorkShop& shop) {
    co_await with_group(employ, std::ref(shop));
    shop.results.close();
}

Task<> run_shop(Group& group, WorkShop& shop) {
    shop.producers_left = kProducers;
    for (int i = 0; i < kProducers; ++i) {
        group.spawn(produce(shop, i));
    }
    group.spawn(work_then_close(shop));
    for (;;) {
        const std::optional<int> result = co_await shop.results.receive();
        if (!result) {
            co_return;
        }
        shop.done.push_back(*result);
    }
}

}  // namespace

TEST_CASE("channel: with capacity 1 a sender is one value ahead") {
    CHECK(exchange_log(1) == "s0 r0 r1 s1 s2 r2 end");
}

TEST_CASE("channel: with room for all a sender never waits") {
    CHECK(exchange_log(3) == "s0 s1 s2 r0 r1 r2 end");
}

TEST_CASE("channel: with capacity 0 each send waits for its receiver") {
    CHECK(exchange_log(0) == "r0 s0 s1 r1 r2 s2 end");
}

TEST_CASE("channel: what was sent before the close is received, then nothing") {
    Loop loop;
    Channel<std::string> channel(1);

    CHECK(loop.run(receive_after_close(channel)) == "kept, nothing");
}

TEST_CASE("channel: a send to a closed channel is an error") {
    Loop loop;
    Channel<std::string> channel(1);

    CHECK_THROWS_WITH(
        loop.run(send_to_closed(channel)), "send to a closed channel: Broken pipe (EPIPE)"
    );
}

TEST_CASE("channel: a sender that waits while the channel is closed gets the same error") {
    Loop loop;
    Channel<std::string> channel(0);

    CHECK_THROWS_WITH(
        loop.run(with_group(close_under_sender, std::ref(channel))),
        "send to a closed channel: Broken pipe (EPIPE)"
    );
}

TEST_CASE("channel: move-only values pass through") {
    Loop loop;
    Channel<std::unique_ptr<int>> channel(1);

    CHECK(loop.run(pass_box(channel)) == 3);
}

TEST_CASE("channel: a group of workers takes about the longest delay, not the sum") {
    Loop loop;
    WorkShop shop;
    const Clock::time_point start = Clock::now();

    loop.run(with_group(run_shop, std::ref(shop)));

    const Clock::duration taken = Clock::now() - start;
    const Clock::duration longest = std::chrono::milliseconds(20 + kWorkers - 1);
    const Clock::duration sum = std::chrono::milliseconds(kWorkers * 20 + 190);
    std::vector<int> expected(kWorkers);
    std::iota(expected.begin(), expected.end(), 0);
    CHECK(shop.done == expected);  // the later ones take longer
    CHECK(taken >= longest);
    CHECK(taken < sum / 2);
}

}  // namespace corun::async
