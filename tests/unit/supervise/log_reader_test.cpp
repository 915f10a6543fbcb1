#include "corun/supervise/log_reader.hpp"

#include "corun/async/loop.hpp"
#include "corun/supervise/log_follow.hpp"
#include "log_support.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::supervise;
using namespace corun::supervise::testing;

namespace {

/// A log that is written and read.
struct ReadLog {
    explicit ReadLog(LogSelection selection = {}, LogPolicy policy = {})
        : log("web", policy, path, stage),
          reader(
              path,
              policy.driver,
              std::move(selection),
              [this](const LogRecord& record, bool begins) { add(record, begins); }
          ) {}

    void add(const LogRecord& record, bool begins) {
        text += begins && record.stream == LogStream::error ? "error: " : "";
        text += record.text;
        text += record.ends_line ? "\n" : "";
        lines += begins ? 1 : 0;
    }

    void write(std::string_view bytes, LogStream stream = LogStream::out) {
        log.add_stream(pipe_with(bytes), stream);
        log.drain();
    }

    /// What is new.
    std::string read() {
        text.clear();
        reader.read();
        return text;
    }

    ScratchDirectory directory;
    std::string path = directory.path + "/web.log";
    LogStage stage = LogStage::create();
    UnitLog log;
    std::string text;
    unsigned lines = 0;
    LogReader reader;
};

constexpr LogPolicy kRotating{.max_size_bytes = 5000, .max_files = 99};

void write_record(const std::string& path, std::string_view time, std::string_view rest) {
    sys::append_to_file(sys::FdRef::cwd(), path, concat(time, " stdout ", rest, "\n"), 0640);
}

/// The unit's file, as the supervisor writes it.
void tell_state(const std::string& root, std::string_view state) {
    sys::make_directories(root + "/@supervise/units", 0700);
    const sys::UniqueFd units = sys::open(root + "/@supervise/units", O_RDONLY | O_DIRECTORY);
    sys::replace_file(
        units,
        "web.json",
        concat(
            R"({"id":"web","state":")",
            state,
            R"(","log_path":")",
            root,
            R"(/web.log","log_driver":"k8s-file"})"
        ),
        0600
    );
}

/// Goes on writing and rotating whenever what it wrote was read.
struct Writer {
    ReadLog& read;
    unsigned rounds = 0;

    void operator()() {
        if (rounds < 50) {
            read.write(numbered_lines(20, rounds * 20));
            ++rounds;
        } else if (rounds == 50) {
            tell_state(read.directory.path, "stopped");
            ++rounds;
        }
    }
};

}  // namespace

TEST_CASE("log reader: all files are read, the oldest first") {
    for (const LogDriver driver : {LogDriver::k8s_file, LogDriver::json_file}) {
        LogPolicy policy = kRotating;
        policy.driver = driver;
        ReadLog log({}, policy);
        log.write(numbered_lines(1000));
        CHECK(log.log.counters().rotations > 10);
        CHECK((log.read() == numbered_lines(1000)));
    }
}

TEST_CASE("log reader: it goes on where it was, however often the log was rotated") {
    ReadLog log({}, kRotating);
    CHECK(log.read().empty());
    for (unsigned i = 0; i < 30; ++i) {
        log.write(numbered_lines(i * 10, 0));
        CHECK((log.read() == numbered_lines(i * 10, 0)));
    }
}

TEST_CASE("log reader: parts of a line are joined, streams are not mixed up") {
    ReadLog log;
    log.write("one ");
    log.write("error\n", LogStream::error);
    log.write("line\n");
    CHECK(log.read() == "one error: error\nline\n");
    CHECK(log.lines == 2);
}

TEST_CASE("log reader: a record that is not complete is left until it is") {
    ReadLog log;
    write_record(log.path, "2026-11-23T05:10:43Z", "F one");
    sys::append_to_file(sys::FdRef::cwd(), log.path, "2026-11-23T05:10:44Z std", 0640);
    CHECK(log.read() == "one\n");
    sys::append_to_file(sys::FdRef::cwd(), log.path, "out F two\n", 0640);
    CHECK(log.read() == "two\n");
}

TEST_CASE("log reader: the tail is exact, across files and for any number") {
    const std::string all = numbered_lines(300);
    for (const unsigned count : {0U, 1U, 2U, 37U, 150U, 299U, 300U, 301U, 5000U}) {
        ReadLog log({.tail = count}, kRotating);
        log.write(all);
        const unsigned expected = std::min(count, 300U);
        CAPTURE(count);
        CHECK((log.read() == numbered_lines(expected, 300 - expected)));
        log.write("more\n");
        CHECK(log.read() == "more\n");
    }
}

TEST_CASE("log reader: a long line in parts is one of the tail, and so is one that goes on") {
    const std::string line(200'000, 'x');
    ReadLog log({.tail = 2});
    log.write("before\n" + line + "\nlast");
    CHECK((log.read() == line + "\nlast"));
}

TEST_CASE("log reader: lines between two times, and the tail of these") {
    for (const unsigned tail : {9U, 2U}) {
        ReadLog log({
            .since = "2026-11-23T05:10:42.000000000Z",
            .until = "2026-11-23T05:10:46.000000000Z",
            .tail = tail,
        });
        for (unsigned second = 40; second < 50; ++second) {
            const std::string time = concat("2026-11-23T05:10:", second, ".000000000Z");
            write_record(log.path, time, concat("F ", second));
        }
        CHECK(log.read() == (tail == 9 ? "42\n43\n44\n45\n" : "44\n45\n"));
    }
}

TEST_CASE("log follow: nothing is missed over rotations, and a stop ends it") {
    ReadLog log({}, kRotating);
    tell_state(log.directory.path, "running");

    async::Loop loop;
    loop.run(follow_log(log.directory.path, "web", &log.reader, Writer{.read = log}));

    CHECK((log.text == numbered_lines(1000)));
}

TEST_CASE("log follow: a container that is no longer supervised ends it") {
    ReadLog log;
    log.write("last\n");

    async::Loop loop;
    loop.run(follow_log(log.directory.path, "web", &log.reader, [] {}));
    CHECK(log.text.empty());
    CHECK_FALSE(find_logged_unit(log.directory.path, "web"));

    tell_state(log.directory.path, "failed");
    CHECK(find_logged_unit(log.directory.path, "web").value().is_over);
    loop.run(follow_log(log.directory.path, "web", &log.reader, [] {}));
    CHECK(log.text == "last\n");
}
