#include "corun/cli/log_time_option.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::cli;
using namespace std::chrono_literals;

TEST_CASE("log time option: a time, seconds, or a span back from now") {
    const std::chrono::system_clock::time_point epoch;
    const auto now = epoch + 1'800'000'000s;
    CHECK(log_time_option("since", "2026-11-23T05:10:43Z", now) == epoch + 1'795'410'643s);
    CHECK(log_time_option("since", "1795410643", now) == epoch + 1'795'410'643s);
    CHECK(log_time_option("since", "1795410643.5", now) == epoch + 1'795'410'643'500ms);
    CHECK(log_time_option("since", "1h30m", now) == now - 90min);
}

TEST_CASE("log time option: anything else is an error that names the option") {
    CHECK_THROWS_WITH_AS(
        (void)log_time_option("until", "yesterday", {}),
        "--until: expected a time such as 2026-11-23T05:10:43Z, or 10m for ten minutes ago, found "
        "\"yesterday\"",
        Error
    );
    CHECK_THROWS_AS((void)log_time_option("until", "1e300", {}), Error);
    CHECK_THROWS_AS((void)log_time_option("until", "-5", {}), Error);
}
