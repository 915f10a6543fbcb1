#include "corun/async/cancel.hpp"

#include "corun/async/channel.hpp"
#include "corun/async/child_exit.hpp"
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/semaphore.hpp"
#include "corun/async/signals.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

namespace corun::async {
namespace {

using namespace testing;

static_assert(!std::is_base_of_v<std::exception, Cancelled>);

Task<> wait_readable(sys::FdRef fd) {
    co_await readable(fd);
}

Task<> sleep_long() {
    co_await sleep_for(kForever);
}

Task<> wait_exit(const sys::Pidfd& child) {
    (void)co_await exit_of(child);
}

Task<> send_one(Channel<std::string>& channel) {
    co_await channel.send("text");
}

Task<> receive_one(Channel<std::string>& channel) {
    (void)co_await channel.receive();
}

Task<> acquire_one(Semaphore& semaphore) {
    const Permit permit = co_await semaphore.acquire();
}

Task<> next_signal(SignalStream& stream) {
    (void)co_await stream.next();
}

Task<> cancel_soon(CancelScope& scope) {
    co_await yield();
    scope.cancel();
}

struct Ends {
    int finished = 0;
    int cancelled = 0;
};

Task<> count_end(CancelScope& scope, Task<> task, Ends& ends) {
    const bool finished = co_await in_scope(scope, std::move(task));
    ++(finished ? ends.finished : ends.cancelled);
}

Task<> run_and_cancel(Group& group, CancelScope& scope, Task<> task, Ends& ends) {
    group.spawn(count_end(scope, std::move(task), ends));
    group.spawn(cancel_soon(scope));
    co_return;
}

// Runs `task`, cancels it while it waits, and says how it ended.
Ends cancel_waiting(Task<> task) {
    Loop loop;
    CancelScope scope;
    Ends ends;
    loop.run(with_group(run_and_cancel, std::ref(scope), std::move(task), std::ref(ends)));
    return ends;
}

Task<std::string> name_of_end(Task<> task) {
    CancelScope scope;
    scope.cancel();
    const bool finished = co_await in_scope(scope, std::move(task));
    co_return finished ? "finished" : "cancelled";
}

// Runs `task` in a scope that is cancelled from the start.
std::string end_in_cancelled_scope(Task<> task) {
    Loop loop;
    return loop.run(name_of_end(std::move(task)));
}

Task<> yield_once() {
    co_await yield();
}

Task<> wait_for_nothing() {
    co_return;
}

Task<int> seven() {
    co_await yield();
    co_return 7;
}

Task<std::optional<int>> seven_in_scope(CancelScope& scope) {
    Task<int> task = seven();
    co_return co_await in_scope(scope, std::move(task));
}

Task<> shielded_then_open(std::string& log) {
    Task<> cleanup = yield_once();
    co_await shielded(std::move(cleanup));
    log += "cleaned ";
    co_await yield();
    log += "unreached";
}

Task<> count_cancellations(int& count) {
    for (int i = 0; i < 3; ++i) {
        try {
            co_await yield();
        } catch (const Cancelled&) {
            ++count;
        }
    }
}

Task<> inner_scope(CancelScope& inner, std::string& log) {
    Task<> sleeping = sleep_long();
    const bool finished = co_await in_scope(inner, std::move(sleeping));
    log += finished ? "finished" : "absorbed";
}

Task<> swallow_errors(std::string& log) {
    try {
        co_await sleep_for(kForever);
    } catch (const std::exception&) {
        log += "swallowed";
    }
}

Task<> deadlock(Channel<int>& channel) {
    (void)co_await channel.receive();
}

Task<> fire_then_cancel(Group& group, CancelScope& scope, Channel<int>& channel, int& received);

Task<> receive_in_scope(CancelScope& scope, Channel<int>& channel, int& received);

Task<> receive_into(Channel<int>& channel, int& received) {
    const std::optional<int> value = co_await channel.receive();
    received = value.value();
}

Task<> receive_in_scope(CancelScope& scope, Channel<int>& channel, int& received) {
    Task<> receiving = receive_into(channel, received);
    (void)co_await in_scope(scope, std::move(receiving));
}

Task<> fire_then_cancel(Group& group, CancelScope& scope, Channel<int>& channel, int& received) {
    group.spawn(receive_in_scope(scope, channel, received));
    co_await channel.send(5);
    scope.cancel();
}

}  // namespace

TEST_CASE("cancel: it wakes a reader") {
    const Pipe pipe = make_pipe();

    CHECK(cancel_waiting(wait_readable(pipe.reader)).cancelled == 1);
}

TEST_CASE("cancel: it wakes a sleeper") {
    CHECK(cancel_waiting(sleep_long()).cancelled == 1);
}

TEST_CASE("cancel: it wakes one that waits for a child, who is left running") {
    const sys::ChildGuard child(spawn_child([] { return ::pause(); }));

    CHECK(cancel_waiting(wait_exit(child.child())).cancelled == 1);
    CHECK_FALSE(child.child().has_exited());
}

TEST_CASE("cancel: it wakes a sender, whose value is not sent") {
    Channel<std::string> channel(0);

    CHECK(cancel_waiting(send_one(channel)).cancelled == 1);
    CHECK(cancel_waiting(receive_one(channel)).cancelled == 1);
}

TEST_CASE("cancel: it wakes one that waits for a permit, which stays free for others") {
    Semaphore semaphore(0);

    CHECK(cancel_waiting(acquire_one(semaphore)).cancelled == 1);
    CHECK(semaphore.free() == 0);
}

TEST_CASE("cancel: it wakes one that waits for a signal") {
    SignalStream stream({SIGUSR1});

    CHECK(cancel_waiting(next_signal(stream)).cancelled == 1);
}

TEST_CASE("cancel: it wakes the tasks of a group below") {
    CHECK(cancel_waiting(with_group([](Group& group) -> Task<> {
              group.spawn(sleep_long());
              group.spawn(sleep_long());
              co_return;
          })).cancelled == 1);
}

TEST_CASE("cancel: each suspension point notices it, also when it need not wait") {
    const Pipe pipe = make_pipe();
    Channel<std::string> channel(1);
    Semaphore semaphore(1);
    REQUIRE(::write(pipe.writer.ref().number(), "x", 1) == 1);

    CHECK(end_in_cancelled_scope(yield_once()) == "cancelled");
    CHECK(end_in_cancelled_scope(wait_readable(pipe.reader)) == "cancelled");
    CHECK(end_in_cancelled_scope(send_one(channel)) == "cancelled");
    CHECK(end_in_cancelled_scope(acquire_one(semaphore)) == "cancelled");
    CHECK(semaphore.free() == 1);
}

TEST_CASE("cancel: a task without a suspension point finishes") {
    CHECK(end_in_cancelled_scope(wait_for_nothing()) == "finished");
}

TEST_CASE("cancel: it is thrown again at each later suspension point") {
    int count = 0;

    CHECK(end_in_cancelled_scope(count_cancellations(count)) == "finished");
    CHECK(count == 3);
}

TEST_CASE("cancel: a handler of std::exception does not swallow it") {
    std::string log;

    CHECK(end_in_cancelled_scope(swallow_errors(log)) == "cancelled");
    CHECK(log.empty());
}

TEST_CASE("cancel: a shield keeps it out, and it is thrown right after") {
    std::string log;

    CHECK(end_in_cancelled_scope(shielded_then_open(log)) == "cancelled");
    CHECK(log == "cleaned ");
}

TEST_CASE("cancel: a cancelled inner scope does not disturb the outer one") {
    Loop loop;
    CancelScope inner;
    inner.cancel();
    std::string log;

    loop.run(inner_scope(inner, log));

    CHECK(log == "absorbed");
}

TEST_CASE("cancel: a cancelled outer scope passes through the inner one") {
    CancelScope inner;
    std::string log;

    CHECK(end_in_cancelled_scope(inner_scope(inner, log)) == "cancelled");
    CHECK(log.empty());
}

TEST_CASE("cancel: in_scope gives the value of a task that finished, and can be used again") {
    Loop loop;
    CancelScope scope;

    CHECK(loop.run(seven_in_scope(scope)) == 7);
    CHECK(loop.run(seven_in_scope(scope)) == 7);
    scope.cancel();
    CHECK(loop.run(seven_in_scope(scope)) == std::nullopt);
}

TEST_CASE("cancel: who was handed a value before the cancellation keeps it") {
    Loop loop;
    CancelScope scope;
    Channel<int> channel(0);
    int received = 0;

    loop.run(with_group(fire_then_cancel, std::ref(scope), std::ref(channel), std::ref(received)));

    CHECK(received == 5);
}

TEST_CASE("loop: tasks that wait for each other are an error, not a hang") {
    Loop loop;
    Channel<int> channel(1);

    CHECK_THROWS_WITH(loop.run(deadlock(channel)), "deadlock: every task waits for another one");
}

}  // namespace corun::async
