#include "corun/supervise/log_record.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using namespace corun::supervise;

namespace {

constexpr std::string_view kTime = "2026-11-23T05:10:43.123456789Z";

std::string records(LogDriver driver, std::string_view bytes, LogStream stream = LogStream::out) {
    std::string out;
    const LogForm form{.driver = driver, .stream = stream, .time = kTime};
    CHECK(append_records(out, form, bytes, SIZE_MAX).bytes == bytes.size());
    return out;
}

}  // namespace

TEST_CASE("log record: k8s-file has a line for each, tagged full or partial") {
    CHECK(
        records(LogDriver::k8s_file, "one\n\ntwo") ==
        "2026-11-23T05:10:43.123456789Z stdout F one\n"
        "2026-11-23T05:10:43.123456789Z stdout F \n"
        "2026-11-23T05:10:43.123456789Z stdout P two\n"
    );
    CHECK(
        records(LogDriver::k8s_file, "\xff\n", LogStream::error) ==
        "2026-11-23T05:10:43.123456789Z stderr F \xff\n"
    );
}

TEST_CASE("log record: json-file is docker's, with what is no text replaced") {
    CHECK(
        records(LogDriver::json_file, "a \"b\"\t\x01 \xc3\xa9 \xff\nrest", LogStream::error) ==
        R"({"log":"a \"b\"\t\u0001 )"
        "\xc3\xa9 \xef\xbf\xbd"
        R"(\n","stream":"stderr","time":"2026-11-23T05:10:43.123456789Z"})"
        "\n"
        R"({"log":"rest","stream":"stderr","time":"2026-11-23T05:10:43.123456789Z"})"
        "\n"
    );
}

TEST_CASE("log record: a limit stops before the record that passes it, but not before the first") {
    std::string out;
    const LogForm form{.driver = LogDriver::k8s_file, .stream = LogStream::out, .time = "T"};

    const LogPart two = append_records(out, form, "one\ntwo\nthree\n", 2 * 15 + 5);
    CHECK(out == "T stdout F one\nT stdout F two\n");
    CHECK(two.bytes == 8);
    CHECK(two.lines == 2);
    CHECK_FALSE(two.in_line);

    out.clear();
    const LogPart one = append_records(out, form, "one", 0);
    CHECK(one.bytes == 3);
    CHECK(one.lines == 0);
    CHECK(one.in_line);
}

TEST_CASE("log record: a character that is not complete is told by its first bytes") {
    CHECK(torn_character_bytes("") == 0);
    CHECK(torn_character_bytes("a") == 0);
    CHECK(torn_character_bytes("a\xc3") == 1);
    CHECK(torn_character_bytes("a\xc3\xa9") == 0);
    CHECK(torn_character_bytes("\xe2\x82") == 2);
    CHECK(torn_character_bytes("\xe2\x82\xac") == 0);
    CHECK(torn_character_bytes("\xf0\x9f\x98") == 3);
    CHECK(torn_character_bytes("\x82\x82\x82\x82") == 0);
}

TEST_CASE("log record: times have nine digits of a second, so that they sort as text") {
    using namespace std::chrono;
    const sys_days day = 2026y / November / 23;
    CHECK(log_time(day + 5h + 17ms) == "2026-11-23T05:00:00.017000000Z");
    CHECK(log_time(day) == "2026-11-23T00:00:00.000000000Z");
}
