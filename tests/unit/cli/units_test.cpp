// Sizes and durations of the command line.
#include "corun/cli/units.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace corun::cli;
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
