// Sizes and durations of the command line.
#include "corun/base/units.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace corun;
using namespace std::chrono_literals;

TEST_CASE("sizes: units are powers of 1024, in either case, with or without a B") {
    struct Row {
        std::string text;
        std::int64_t bytes;
    };

    const Row rows[] = {
        {"0", 0},
        {"4096", 4096},
        {"10b", 10},
        {"32k", 32768},
        {"64 kB", 65536},
        {"512m", 536870912},
        {"512MiB", 536870912},
        {"1.5G", 1610612736},
        {"2T", 2199023255552},
        {"8191P", 9222246136947933184},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(parse_size(row.text) == row.bytes);
    }
}

TEST_CASE("sizes: what is none or does not fit is nothing") {
    for (const char* text : {"", "m", ".", "-1", "1x", "1.2.3m", "ib", "8192P", "1e3"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_size(text));
    }
}

TEST_CASE("durations: as Go writes them") {
    CHECK(parse_duration("0") == 0ns);
    CHECK(parse_duration("5s") == 5s);
    CHECK(parse_duration("100ms") == 100ms);
    CHECK(parse_duration("1m30s") == 90s);
    CHECK(parse_duration("1.5h") == 90min);
    CHECK(parse_duration(".5s") == 500ms);
    CHECK(parse_duration("7us") == 7us);
    CHECK(parse_duration("7\xc2\xb5s") == 7us);
    CHECK(parse_duration("3ns") == 3ns);
}

TEST_CASE("durations: what is none or does not fit is nothing") {
    for (const char* text : {"", "5", "s", "5x", "5s3", "-1s", "5 s", "9999999h"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("time spans: as systemd writes them, a bare number being seconds") {
    struct Row {
        std::string text;
        std::chrono::milliseconds span;
    };

    const Row rows[] = {
        {"0", 0ms},
        {"90", 90s},
        {"1.5s", 1500ms},
        {"200ms", 200ms},
        {"999us", 0ms},
        {"5min 20s", 5min + 20s},
        {"2h30m", 2h + 30min},
        {" 1 day ", 24h},
        {"1w", 168h},
        {"infinity", kForever},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(parse_time_span(row.text) == row.span);
    }
}

TEST_CASE("time spans: what is none is refused") {
    for (const std::string text :
         {"", "s", "-1s", "5 parsecs", "1s x", "99999999999999999999", "1..5s"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_time_span(text));
    }
}

TEST_CASE("time spans: one is written with the largest units, and read back the same") {
    CHECK(time_span_text(90s) == "1min 30s");
    CHECK(time_span_text(26h + 5ms) == "1d 2h 5ms");
    CHECK(time_span_text(0ms) == "0");
    CHECK(time_span_text(kForever) == "infinity");
    CHECK(parse_time_span(time_span_text(26h + 5ms)) == 26h + 5ms);
}
