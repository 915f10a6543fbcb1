#include "corun/async/task.hpp"

#include "corun/async/context.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace corun::async {
namespace {

Task<int> seven() {
    co_return 7;
}

Task<> mark(bool& done) {
    done = true;
    co_return;
}

Task<int> add_sevens(int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i) {
        sum += co_await seven();
        if (i % 100'000 == 0) {
            co_await yield();
        }
    }
    co_return sum;
}

Task<int> yielding_seven() {
    co_await yield();
    co_return 7;
}

Task<int> add_yielding_sevens(int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i) {
        sum += co_await yielding_seven();
    }
    co_return sum;
}

Task<std::string> fail_at(int depth) {
    if (depth == 0) {
        co_await yield();
        throw Error("open(\"x\")", ENOENT);
    }
    const std::string unreached = co_await fail_at(depth - 1);
    co_return unreached;
}

Task<std::string> recover() {
    std::string text;
    try {
        text = co_await fail_at(20);
    } catch (const Error& error) {
        text = error.what();
    }
    co_await yield();
    co_return text;
}

Task<std::unique_ptr<int>> boxed(int value) {
    co_await yield();
    co_return std::make_unique<int>(value);
}

Task<std::string> join_texts(std::string left, std::string right) {
    co_await yield();
    left += right;
    co_return left;
}

Task<std::string> nested_texts() {
    std::string left = "a text that is too long to be kept inside the string object";
    Task<std::string> inner = join_texts(left, std::string(" and more"));
    const std::string joined = co_await std::move(inner);
    co_return co_await join_texts(joined, "!");
}

}  // namespace

TEST_CASE("task: a task that is never awaited never runs") {
    bool done = false;

    { const Task<> unused = mark(done); }

    CHECK_FALSE(done);
}

TEST_CASE("task: a started task gives its value to the loop") {
    Loop loop;

    CHECK(loop.run(seven()) == 7);
}

TEST_CASE("task: awaiting three million ready tasks keeps the stack flat") {
    Loop loop;

    CHECK(loop.run(add_sevens(3'000'000)) == 21'000'000);
}

TEST_CASE("task: awaiting a million suspending tasks keeps the stack flat") {
    Loop loop;

    CHECK(loop.run(add_yielding_sevens(1'000'000)) == 7'000'000);
}

TEST_CASE("task: an exception passes through nested tasks to who catches it") {
    Loop loop;

    CHECK(loop.run(recover()) == "open(\"x\"): No such file or directory (ENOENT)");
}

TEST_CASE("task: an exception leaves the loop, and the loop runs on") {
    Loop loop;

    CHECK_THROWS_AS(loop.run(fail_at(3)), Error);
    CHECK(loop.run(seven()) == 7);
}

TEST_CASE("task: a move-only value and long texts survive suspension") {
    Loop loop;

    CHECK(*loop.run(boxed(5)) == 5);
    CHECK(
        loop.run(nested_texts()) ==
        "a text that is too long to be kept inside the string object and more!"
    );
}

TEST_CASE("task: a move assignment destroys the task that was there") {
    bool first = false;
    Task<> task = mark(first);

    task = mark(first);
    Loop loop;
    loop.run(std::move(task));

    CHECK(first);
}

TEST_CASE("context: a clause is put in front of an error of a task") {
    Loop loop;
    Task<std::string> failing = fail_at(1);

    CHECK_THROWS_WITH(
        loop.run(in_context("hook '/bin/x'", std::move(failing))),
        "hook '/bin/x': open(\"x\"): No such file or directory (ENOENT)"
    );
}

TEST_CASE("context: a task that succeeds is not changed") {
    Loop loop;

    CHECK(loop.run(in_context("clause", seven())) == 7);
}

TEST_CASE("loop: two loops run one after the other") {
    {
        Loop first;
        CHECK(first.run(yielding_seven()) == 7);
    }
    Loop second;

    CHECK(second.run(yielding_seven()) == 7);
}

}  // namespace corun::async
