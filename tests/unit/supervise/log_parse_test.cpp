#include "corun/supervise/log_parse.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace corun::supervise;

TEST_CASE("log parse: what is written is read back, in both formats") {
    using namespace std::string_literals;
    const std::string bytes = "a \"quoted\" \\ \x01 \0 \xf0\x9f\x98\x80 line\n"s;
    for (const LogDriver driver : {LogDriver::k8s_file, LogDriver::json_file}) {
        std::string line;
        const LogForm form{.driver = driver, .stream = LogStream::error, .time = "T"};
        (void)append_records(line, form, bytes, SIZE_MAX);
        line.pop_back();

        std::string scratch;
        const std::optional<LogRecord> record = parse_record(driver, line, scratch);
        REQUIRE(record);
        CHECK(record->time == "T");
        CHECK(record->stream == LogStream::error);
        CHECK(record->ends_line);
        CHECK(record->text == std::string_view(bytes).substr(0, bytes.size() - 1));
    }
}

TEST_CASE("log parse: a partial record says that its line goes on") {
    std::string scratch;
    CHECK_FALSE(parse_record(LogDriver::k8s_file, "T stdout P text", scratch)->ends_line);
    CHECK(parse_record(LogDriver::k8s_file, "T stdout F:x ", scratch)->text.empty());
    const char* json = R"({"log":"text","stream":"stdout","time":"T"})";
    CHECK_FALSE(parse_record(LogDriver::json_file, json, scratch)->ends_line);
}

TEST_CASE("log parse: docker's records are understood") {
    std::string scratch;
    const char* json =
        R"({"log":"\u003ca\u003e \ud83d\ude00\r\n","stream":"stdout","attrs":{"a":1},"time":"T"})";
    CHECK(
        parse_record(LogDriver::json_file, json, scratch).value().text == "<a> \xf0\x9f\x98\x80\r"
    );
}

TEST_CASE("log parse: what is torn is no record") {
    std::string scratch;
    for (const char* line : {"", "T", "T stdout", "T stdout X a", "T other F a"}) {
        CHECK_FALSE(parse_record(LogDriver::k8s_file, line, scratch));
    }
    const std::string whole = R"({"log":"a\u00e9\n","stream":"stdout","n":1,"time":"T"})";
    CHECK(parse_record(LogDriver::json_file, whole, scratch));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_FALSE(parse_record(LogDriver::json_file, whole.substr(0, size), scratch));
    }
}
