#include "corun/supervise/log_pump.hpp"

#include "../async/support.hpp"
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/timer.hpp"
#include "corun/supervise/log_stage.hpp"
#include "forked.hpp"
#include "log_support.hpp"

#include <doctest/doctest.h>

#include <sched.h>

#include <algorithm>
#include <chrono>

using namespace corun;
using namespace corun::supervise;
using namespace corun::supervise::testing;
using async::testing::spawn_child;
using corun::test::expect;
using namespace std::chrono_literals;

namespace {

/// One container's log, in a directory of its own or in a given one.
struct Logged {
    explicit Logged(LogPolicy policy, std::string where = {})
        : path((where.empty() ? directory.path : std::move(where)) + "/web.log"),
          log("web", policy, path, stage) {}

    /// Writes what a container has written and closed.
    void take(std::string_view bytes, LogStream stream = LogStream::out) {
        log.add_stream(pipe_with(bytes), stream);
        log.drain();
    }

    [[nodiscard]] std::string text() const { return file_text(path); }

    [[nodiscard]] std::string older(unsigned number) const {
        return file_text(concat(path, ".", number));
    }

    ScratchDirectory directory;
    std::string path;
    LogStage stage = LogStage::create();
    UnitLog log;
};

async::Task<> remove_once_refused(const UnitLog* log, std::string path) {
    while (log->counters().errors == 0) {
        co_await async::sleep_for(1ms);
    }
    sys::unlinkat(sys::FdRef::cwd(), path);
}

async::Task<> pump_while_full(async::Group& group, UnitLog* log, std::string filler) {
    group.spawn(log->pump(LogStream::out));
    group.spawn(remove_once_refused(log, std::move(filler)));
    co_return;
}

async::Task<> write_second_half(sys::FdRef pipe, const UnitLog* log, std::string bytes) {
    while (log->counters().bytes == 0) {
        co_await async::sleep_for(1ms);
    }
    co_await async::sleep_for(30ms);  // longer than the pump's first look at what is torn
    sys::write_all(pipe, bytes);
}

async::Task<> pump_torn(async::Group& group, UnitLog* log, sys::UniqueFd writer) {
    group.spawn(log->pump(LogStream::out));
    co_await write_second_half(writer, log, "\x82\xac rest\n");
}

/// How much of the log was written, at most, between two turns of this coroutine.
async::Task<> watch_turns(const UnitLog* log, std::size_t bytes, std::uint64_t* most) {
    std::uint64_t before = 0;
    while (log->counters().bytes < bytes) {
        co_await async::yield();
        *most = std::max(*most, log->counters().bytes - before);
        before = log->counters().bytes;
    }
}

async::Task<> pump_watched(
    async::Group& group, UnitLog* log, std::size_t bytes, std::uint64_t* most
) {
    group.spawn(log->pump(LogStream::out));
    co_await watch_turns(log, bytes, most);
}

}  // namespace

TEST_CASE("log pump: whoever else is ready has a turn after each batch, whatever is written") {
    for (const LogDriver driver : {LogDriver::k8s_file, LogDriver::json_file}) {
        Logged logged({.driver = driver});
        const std::string bytes(1 << 20, '\n');  // the most records for the bytes
        logged.log.add_stream(pipe_with(bytes), LogStream::out);

        std::uint64_t most = 0;
        async::Loop loop;
        loop.run(async::with_group(pump_watched, &logged.log, bytes.size(), &most));

        CHECK(most > 0);
        CHECK(most <= LogStage::kMaxBatch);  // as lines of a byte, some milliseconds
        CHECK(logged.log.counters().lines == bytes.size());
    }
}

TEST_CASE("log pump: a flood with rotation keeps each byte, and no line is in two files") {
    constexpr std::size_t kSize = std::size_t{50} << 20;
    const std::string bytes = numbered_lines(5000);
    Logged logged({.max_size_bytes = 4 << 20, .max_files = 100});
    sys::Pipe pipe = sys::make_pipe();
    const sys::Pidfd writer = spawn_child([&] {
        for (std::size_t sent = 0; sent < kSize; sent += bytes.size()) {
            sys::write_all(pipe.write_end, bytes);
        }
        return 0;
    });
    pipe.write_end.reset();
    logged.log.add_stream(std::move(pipe.read_end), LogStream::out);

    const auto start = std::chrono::steady_clock::now();
    async::Loop loop;
    loop.run(logged.log.pump(LogStream::out));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    CHECK(writer.wait().success());

    const LogCounters counters = logged.log.counters();
    MESSAGE("MB/s: ", static_cast<double>(counters.bytes) / 1e6 / took.count());
    std::string found;
    for (unsigned number = static_cast<unsigned>(counters.rotations); number > 0; --number) {
        const std::string older = logged.older(number);
        CHECK(older.size() <= (4 << 20) + 200);  // and the rest of a line
        const std::string part = k8s_text(older);
        CHECK(part.ends_with('\n'));
        found += part;
    }
    found += k8s_text(logged.text());
    const std::size_t rounds = (kSize + bytes.size() - 1) / bytes.size();
    CHECK(counters.bytes == rounds * bytes.size());
    CHECK(counters.lines == rounds * 5000);
    CHECK(counters.rotations > 10);
    bool equal = found.size() == counters.bytes;
    for (std::size_t i = 0; equal && i < rounds; ++i) {
        equal = std::string_view(found).substr(i * bytes.size(), bytes.size()) == bytes;
    }
    CHECK(equal);
}

TEST_CASE("log pump: both streams are told apart") {
    Logged logged({});
    logged.take("out\n");
    logged.take("error\n", LogStream::error);

    CHECK(k8s_text(logged.text(), "stdout") == "out\n");
    CHECK(k8s_text(logged.text(), "stderr") == "error\n");
    CHECK(logged.log.streams().empty());
}

TEST_CASE("log pump: the cap holds over all files, the oldest go first") {
    Logged logged({.max_size_bytes = 10'000, .max_files = 9, .total_size_bytes = 35'000});
    for (unsigned i = 0; i < 20; ++i) {
        logged.take(numbered_lines(100, i * 100));
    }

    std::size_t total = logged.text().size();
    std::string found;
    for (unsigned number = 9; number > 0; --number) {
        total += logged.older(number).size();
        found += k8s_text(logged.older(number));
    }
    found += k8s_text(logged.text());
    CHECK(total <= 35'000);
    CHECK(total > 20'000);
    CHECK(numbered_lines(2000).ends_with(found));
}

TEST_CASE("log pump: the cap holds for a line that never ends, too") {
    Logged logged({.max_size_bytes = 100'000, .max_files = 9, .total_size_bytes = 350'000});
    std::size_t largest = 0;
    for (unsigned i = 0; i < 40; ++i) {
        logged.take(std::string(50'000, 'x'));
        std::size_t total = logged.text().size();
        for (unsigned number = 1; number < 9; ++number) {
            total += logged.older(number).size();
        }
        largest = std::max(largest, total);
    }

    CHECK(largest <= 350'000);
    CHECK(largest > 250'000);
    CHECK(logged.log.counters().bytes == 2'000'000);
    CHECK(logged.log.counters().errors == 0);
}

TEST_CASE("log pump: a policy that keeps fewer files removes those of one that kept more") {
    Logged logged({.max_size_bytes = 1000, .max_files = 2});
    for (unsigned number = 1; number < 6; ++number) {
        sys::create_file(
            sys::FdRef::cwd(), concat(logged.path, ".", number), concat("old ", number), 0640
        );
    }
    logged.take(numbered_lines(15));

    CHECK(k8s_text(logged.older(1) + logged.text()) == numbered_lines(15));
    CHECK(sys::list_directory(sys::open(logged.directory.path, O_RDONLY)).size() == 2);
}

TEST_CASE("log pump: a log that cannot be rotated is written on") {
    Logged logged({.max_size_bytes = 1000});
    sys::mkdirat(sys::FdRef::cwd(), logged.path + ".4", 0700);
    logged.take(numbered_lines(50));

    CHECK(k8s_text(logged.text()) == numbered_lines(50));
    CHECK(logged.log.counters().errors > 0);
}

TEST_CASE("log pump: a last line that was torn is ended before anything is added") {
    Logged logged({});
    sys::create_file(sys::FdRef::cwd(), logged.path, "2026-11-23T05:10:43Z stdout F to", 0640);
    logged.take("new\n");

    CHECK(logged.text().starts_with("2026-11-23T05:10:43Z stdout F to\n2"));
    CHECK(k8s_text(logged.text()) == "to\nnew\n");
}

TEST_CASE("log pump: no symlink is followed, and what is no file not written to") {
    Logged logged({});
    sys::symlinkat("elsewhere", sys::FdRef::cwd(), logged.path);
    logged.take("new\n");

    CHECK_FALSE(sys::try_open(logged.directory.path + "/elsewhere", O_RDONLY));
    CHECK(logged.log.counters().dropped_bytes == 4);
}

TEST_CASE("log pump: after reopen() a log that was moved away is begun anew") {
    Logged logged({});
    logged.take("old\n");
    sys::renameat(sys::FdRef::cwd(), logged.path, sys::FdRef::cwd(), logged.path + ".moved");
    logged.take("still old\n");
    logged.log.reopen();
    logged.take("new\n");

    CHECK(k8s_text(file_text(logged.path + ".moved")) == "old\nstill old\n");
    CHECK(k8s_text(logged.text()) == "new\n");
}

TEST_CASE("log pump: a follower gets the bytes as they are, one that does not read misses some") {
    (void)std::signal(SIGPIPE, SIG_IGN);
    Logged logged({});
    const sys::UniqueFd reader = logged.log.follow();
    const sys::UniqueFd sleeper = logged.log.follow();
    sys::UniqueFd gone = logged.log.follow();
    gone.reset();

    std::string bytes(50'000, 'x');
    logged.take(bytes);
    std::string got(60'000, '\0');
    got.resize(sys::read_some(reader, got.data(), got.size()));
    CHECK((got == bytes));
    logged.take(bytes);
    CHECK(logged.log.counters().bytes == 100'000);
}

TEST_CASE("log pump: a character written in two parts is whole in json-file") {
    Logged logged({.driver = LogDriver::json_file});
    sys::Pipe pipe = sys::make_pipe();
    sys::write_all(pipe.write_end, "euro \xe2");
    logged.log.add_stream(std::move(pipe.read_end), LogStream::out);

    async::Loop loop;
    loop.run(async::with_group(pump_torn, &logged.log, std::move(pipe.write_end)));

    CHECK(logged.text().find("{\"log\":\"euro \",") != std::string::npos);
    CHECK(logged.text().find("{\"log\":\"\xe2\x82\xac rest\\n\",") != std::string::npos);
}

TEST_CASE("log pump: the beginning of a character at the end of all is not lost") {
    Logged logged({.driver = LogDriver::json_file});
    logged.log.add_stream(pipe_with("a\n\xe2\x82"), LogStream::out);

    async::Loop loop;
    loop.run(logged.log.pump(LogStream::out));

    CHECK(logged.text().find("{\"log\":\"\xef\xbf\xbd\xef\xbf\xbd\",") != std::string::npos);
    CHECK(logged.log.counters().bytes == 4);
}

TEST_CASE("log pump: draining ends though somebody goes on writing") {
    Logged logged({.driver = LogDriver::none});
    sys::Pipe pipe = sys::make_pipe();
    const sys::Pidfd writer = spawn_child([&] {
        pipe.read_end.reset();
        (void)std::signal(SIGPIPE, SIG_IGN);
        const std::string bytes(65536, 'x');
        while (sys::try_write(pipe.write_end, bytes).error_number == 0) {
        }
        return 0;
    });
    logged.log.add_stream(std::move(pipe.read_end), LogStream::out);
    logged.log.drain();

    CHECK(writer.wait().success());  // its pipe is closed
}

TEST_CASE("log pump: what goes nowhere is counted all the same") {
    Logged logged({.driver = LogDriver::none});
    logged.take("one\ntwo\nth");

    CHECK(logged.log.counters().bytes == 10);
    CHECK(logged.log.counters().lines == 2);
    CHECK(logged.log.path().empty());
    CHECK(logged.text().empty());
}

TEST_CASE(
    "log pump: a full disk blocks, and nothing is lost" *
    corun::test::needs_privilege(corun::test::Privilege::namespaces)
) {
    const ScratchDirectory disk;
    const std::string error = corun::test::error_in_child(CLONE_NEWNS, [&] {
        mount_small_disk(disk.path);
        fill_disk(disk.path + "/filler");
        Logged logged({}, disk.path);
        const std::string bytes = numbered_lines(8000);
        logged.log.add_stream(pipe_with(bytes), LogStream::out);

        async::Loop loop;
        loop.run(async::with_group(pump_while_full, &logged.log, disk.path + "/filler"));

        expect(k8s_text(logged.text()) == bytes, "each byte once");
        expect(logged.log.counters().dropped_bytes == 0, "nothing dropped");
    });
    CHECK(error == "");
}

TEST_CASE(
    "log pump: a full disk drops if the policy says so, and the log tells how much" *
    corun::test::needs_privilege(corun::test::Privilege::namespaces)
) {
    const ScratchDirectory disk;
    const std::string error = corun::test::error_in_child(CLONE_NEWNS, [&] {
        mount_small_disk(disk.path);
        Logged logged({.when_full = LogFull::drop}, disk.path);
        logged.take("before\n");
        fill_disk(disk.path + "/filler");
        logged.take(numbered_lines(1000));
        sys::unlinkat(sys::FdRef::cwd(), disk.path + "/filler");
        logged.take("after\n");

        const std::uint64_t dropped = logged.log.counters().dropped_bytes;
        const std::string lines = numbered_lines(1000);
        // A last batch may be small enough for what the disk has left.
        const std::string expected = concat(
            "before\ncorun: ",
            dropped,
            " bytes of output were dropped here: No space left on device (ENOSPC)\n",
            lines.substr(dropped),
            "after\n"
        );
        expect(k8s_text(logged.text()) == expected, "the rest, and how much is missing");
        expect(dropped > 0, "some dropped");
    });
    CHECK(error == "");
}
