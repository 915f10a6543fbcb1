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
