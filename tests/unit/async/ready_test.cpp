#include "corun/async/ready.hpp"

#include "corun/async/cancel.hpp"
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <array>
#include <functional>
#include <string>

namespace corun::async {
namespace {

using namespace testing;

Task<std::string> read_when_ready(sys::FdRef fd) {
    co_await readable(fd);
    std::array<char, 64> buffer = {};
    const std::size_t size = sys::read_some(fd, buffer.data(), buffer.size());
    co_return std::string(buffer.data(), size);
}

Task<> write_later(sys::FdRef fd) {
    co_await yield();
    sys::write_all(fd, "ping");
}

Task<> record_read(sys::FdRef fd, std::string& text) {
    text = co_await read_when_ready(fd);
}

Task<> read_and_write(Group& group, Pipe& pipe, std::string& text) {
    group.spawn(record_read(pipe.reader, text));
    group.spawn(write_later(pipe.writer));
    co_return;
}

struct SocketPair {
    sys::UniqueFd left;
    sys::UniqueFd right;
};

SocketPair make_socket_pair() {
    std::array<int, 2> ends = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    return SocketPair{.left = sys::UniqueFd(ends[0]), .right = sys::UniqueFd(ends[1])};
}

std::size_t fill(sys::FdRef fd) {
    const std::string block(4096, 'x');
    std::size_t total = 0;
    for (;;) {
        const ssize_t written = ::write(fd.number(), block.data(), block.size());
        if (written < 0) {
            return total;
        }
        total += static_cast<std::size_t>(written);
    }
}

void drain(sys::FdRef fd, std::size_t size) {
    std::string block(size, ' ');
    while (size > 0) {
        size -= sys::read_some(fd, block.data(), size);
    }
}

Task<> note_readable(sys::FdRef fd, std::string& log) {
    co_await readable(fd);
    log += "r";
}

Task<> note_writable(sys::FdRef fd, std::string& log) {
    co_await writable(fd);
    log += "w";
}

// Readable first, while the writer still waits; then writable.
Task<> wait_both_ways(Group& group, SocketPair& pair, std::string& log) {
    const std::size_t filled = fill(pair.left);
    group.spawn(note_readable(pair.left, log));
    group.spawn(note_writable(pair.left, log));
    sys::write_all(pair.right, "x");
    while (log != "r") {
        co_await yield();
    }
    for (int i = 0; i < 1000; ++i) {
        co_await yield();
    }
    log += "|";
    drain(pair.right, filled);
}

Task<> wait_for_hang_up(Group& group, SocketPair& pair, std::string& log) {
    (void)fill(pair.left);  // so that the writer waits
    group.spawn(note_readable(pair.left, log));
    group.spawn(note_writable(pair.left, log));
    pair.right.reset();
    co_return;
}

Task<> cancel_reader_of_two(Group& group, SocketPair& pair, std::string& log) {
    const std::size_t filled = fill(pair.left);
    group.spawn(note_writable(pair.left, log));
    CancelScope scope;
    scope.cancel();
    Task<> never = note_readable(pair.left, log);
    const bool finished = co_await in_scope(scope, std::move(never));
    log += finished ? "?" : "c";
    Task<> late = note_readable(pair.left, log);
    try {
        co_await with_deadline(1ms, std::move(late));
    } catch (const Error&) {
        log += "d";
    }
    drain(pair.right, filled);
}

Task<int> wait_often(sys::FdRef fd) {
    int count = 0;
    while (count < 1000) {
        co_await readable(fd);
        ++count;
    }
    co_return count;
}

Task<> wait_readable(sys::FdRef fd) {
    co_await readable(fd);
}

}  // namespace

TEST_CASE("ready: a reader wakes when another task has written") {
    Loop loop;
    Pipe pipe = make_pipe();
    std::string text;

    loop.run(with_group(read_and_write, std::ref(pipe), std::ref(text)));

    CHECK(text == "ping");
}

TEST_CASE("ready: the end of a pipe is readable once the writer is gone") {
    Loop loop;
    Pipe pipe = make_pipe();
    pipe.writer.reset();

    CHECK(loop.run(read_when_ready(pipe.reader)).empty());
}

TEST_CASE("ready: a regular file is always ready") {
    Loop loop;
    const sys::UniqueFd file = sys::open("/proc/self/exe", O_RDONLY);

    CHECK(loop.run(wait_often(file)) == 1000);
}

TEST_CASE("ready: one descriptor wakes its reader and its writer apart") {
    Loop loop;
    SocketPair pair = make_socket_pair();
    std::string log;

    loop.run(with_group(wait_both_ways, std::ref(pair), std::ref(log)));

    CHECK(log == "r|w");
}

TEST_CASE("ready: a hang-up wakes reader and writer") {
    Loop loop;
    SocketPair pair = make_socket_pair();
    std::string log;

    loop.run(with_group(wait_for_hang_up, std::ref(pair), std::ref(log)));

    CHECK(log == "rw");
}

TEST_CASE("ready: a cancelled reader leaves the writer of the same descriptor waiting") {
    Loop loop;
    SocketPair pair = make_socket_pair();
    std::string log;

    loop.run(with_group(cancel_reader_of_two, std::ref(pair), std::ref(log)));

    CHECK(log == "cdw");
}

TEST_CASE("ready: a descriptor that is not open is an error that names it") {
    Loop loop;

    CHECK_THROWS_WITH(
        loop.run(wait_readable(sys::FdRef(9999))), "epoll_ctl(9999): Bad file descriptor (EBADF)"
    );
}

TEST_CASE("ready: a number that was closed and given out again is waited for anew") {
    Loop loop;
    for (int i = 0; i < 3; ++i) {
        Pipe pipe = make_pipe();
        sys::write_all(pipe.writer, "again");

        CHECK(loop.run(read_when_ready(pipe.reader)) == "again");
    }
}

TEST_CASE("ready: a number reused while a copy keeps the old file open is waited for anew") {
    Loop loop;
    sys::UniqueFd copy;
    int number = -1;
    {
        Pipe pipe = make_pipe();
        sys::write_all(pipe.writer, "old");
        number = pipe.reader.ref().number();
        CHECK(loop.run(read_when_ready(pipe.reader)) == "old");
        copy = sys::duplicate(pipe.reader, 100);  // keeps the registration in epoll alive
    }
    Pipe pipe = make_pipe();
    REQUIRE(pipe.reader.ref().number() == number);
    sys::write_all(pipe.writer, "new");

    CHECK(loop.run(read_when_ready(pipe.reader)) == "new");
}

TEST_CASE("ready: a wait given up leaves nothing behind that could wake the next user of a number"
) {
    Loop loop;
    Pipe old = make_pipe();
    const int number = old.reader.ref().number();
    CHECK_THROWS_AS(loop.run(with_deadline(1ms, wait_readable(old.reader))), Error);
    const sys::UniqueFd copy = sys::duplicate(old.reader, 100);  // keeps the old file open
    old.reader.reset();
    Pipe pipe = make_pipe();
    REQUIRE(pipe.reader.ref().number() == number);

    old.writer.reset();  // a hang-up on the old file

    CHECK_THROWS_WITH(
        loop.run(with_deadline(5ms, wait_readable(pipe.reader))),
        "deadline of 5 ms exceeded: Connection timed out (ETIMEDOUT)"
    );
}

}  // namespace corun::async
