#include "corun/cli/readable.hpp"

#include <doctest/doctest.h>

using namespace corun::cli;
using namespace std::chrono_literals;

TEST_CASE("readable: a duration has its two largest units") {
    CHECK(readable_duration(0ms) == "0ms");
    CHECK(readable_duration(999ms) == "999ms");
    CHECK(readable_duration(59s) == "59s");
    CHECK(readable_duration(185s) == "3m05s");
    CHECK(readable_duration(7800s) == "2h10m");
    CHECK(readable_duration(99h) == "4d03h");
}

TEST_CASE("readable: a size has three digits") {
    CHECK(readable_size(0) == "0B");
    CHECK(readable_size(999) == "999B");
    CHECK(readable_size(1000) == "0.98KiB");
    CHECK(readable_size(1240) == "1.21KiB");
    CHECK(readable_size(35 << 20) == "35.0MiB");
    CHECK(readable_size(1023 << 10) == "1.00MiB");
    CHECK(readable_size(~std::uint64_t{0}) == "16.0EiB");
}
