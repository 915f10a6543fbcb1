// Times as text.
#include "corun/base/timestamp.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace corun;
using namespace std::chrono_literals;

namespace {

std::chrono::system_clock::time_point at(std::chrono::nanoseconds since_epoch) {
    return std::chrono::system_clock::time_point(since_epoch);
}

}  // namespace

TEST_CASE("timestamp: seconds in UTC") {
    CHECK(rfc3339(at(0s)) == "1970-01-01T00:00:00Z");
    CHECK(rfc3339(at(1795410643s)) == "2026-11-23T05:10:43Z");
    CHECK(rfc3339(at(951827696s)) == "2000-02-29T12:34:56Z");
    CHECK(rfc3339(at(1795410643s + 999999999ns)) == "2026-11-23T05:10:43Z");
}

TEST_CASE("timestamp: nanoseconds lose their trailing zeros") {
    CHECK(rfc3339_nano(at(1s)) == "1970-01-01T00:00:01Z");
    CHECK(rfc3339_nano(at(1s + 17ms)) == "1970-01-01T00:00:01.017Z");
    CHECK(rfc3339_nano(at(1s + 1ns)) == "1970-01-01T00:00:01.000000001Z");
}

TEST_CASE("timestamp: what is written is read, with any offset from UTC") {
    CHECK(parse_rfc3339("2026-11-23T05:10:43Z") == at(1795410643s));
    CHECK(parse_rfc3339("2026-11-23T06:40:43+01:30") == at(1795410643s));
    CHECK(parse_rfc3339("2026-11-22 23:10:43-06:00") == at(1795410643s));
    CHECK(parse_rfc3339("1970-01-01T00:00:01.017Z") == at(1s + 17ms));
    CHECK(parse_rfc3339("1970-01-01T00:00:01.0000000019Z") == at(1s + 1ns));
}

TEST_CASE("timestamp: what is no time is none") {
    for (const char* text :
         {"",
          "2026-11-23",
          "2026-11-23T05:10:43",
          "2026-11-31T05:10:43Z",
          "2026-13-01T05:10:43Z",
          "2026-11-23T24:10:43Z",
          "2026-11-23T05:10:43.Z",
          "2026-11-23T05:10:43Z ",
          "2026-11-23T05:10:43+0100",
          "2026-11-23T05:10:-3Z"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_rfc3339(text));
    }
}
