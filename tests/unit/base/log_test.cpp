// Log records, as podman and containerd parse them.
#include "corun/base/log.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace corun;

namespace {

constexpr std::chrono::system_clock::time_point kWhen{std::chrono::seconds(1795410643)};

}  // namespace

TEST_CASE("log: a JSON record has level, msg and time on one line") {
    CHECK(
        format_record(LogFormat::json, LogLevel::error, "exec \"sh\":\nno \x01\xff", kWhen) ==
        "{\"level\":\"error\",\"msg\":\"exec \\\"sh\\\":\\nno \\u0001\\ufffd\","
        "\"time\":\"2026-11-23T05:10:43Z\"}\n"
    );
}

TEST_CASE("log: a text record is logrus's") {
    CHECK(
        format_record(LogFormat::text, LogLevel::warning, "say \"hi\"\n", kWhen) ==
        "time=\"2026-11-23T05:10:43Z\" level=warning msg=\"say \\\"hi\\\"\\n\"\n"
    );
}

TEST_CASE("log: a plain line labels everything but errors") {
    CHECK(format_record(LogFormat::plain, LogLevel::error, "gone", kWhen) == "corun: gone\n");
    CHECK(
        format_record(LogFormat::plain, LogLevel::warning, "odd", kWhen) == "corun: warning: odd\n"
    );
}

TEST_CASE("log: what is below the threshold is not written") {
    std::vector<std::string> lines;
    const Log log(LogLevel::warning, LogFormat::plain, [&](std::string_view line) {
        lines.emplace_back(line);
    });

    log.debug("a");
    log.info("b");
    log.warning("c");
    log.error("d");

    CHECK(lines == std::vector<std::string>{"corun: warning: c\n", "corun: d\n"});
}

TEST_CASE("log: levels are known by name") {
    CHECK(parse_log_level("debug") == LogLevel::debug);
    CHECK(parse_log_level("warn") == LogLevel::warning);
    CHECK(parse_log_level("warning") == LogLevel::warning);
    CHECK_FALSE(parse_log_level("Error"));
    CHECK_FALSE(parse_log_level(""));
}
