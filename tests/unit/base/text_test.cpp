// What the text helpers promise.
#include "corun/base/text.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using namespace corun;

TEST_CASE("text: concat joins texts and numbers") {
    CHECK(concat("pid ", 42, ' ' == ' ' ? ": " : "", std::string("name")) == "pid 42: name");
    CHECK(concat() == "");
    CHECK(concat("min ", std::int64_t{-9223372036854775807 - 1}) == "min -9223372036854775808");
}

TEST_CASE("text: quote keeps a hostile name on one line") {
    CHECK(quote("a'b\n\x1b[31m") == R"('a\'b\n\x1b[31m')");
    CHECK(double_quote(R"(a"b\)") == R"("a\"b\\")");
}

TEST_CASE("text: split keeps empty parts") {
    CHECK(split("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
    CHECK(split("", ',') == std::vector<std::string_view>{""});
}

TEST_CASE("text: parse_number takes the whole text or nothing") {
    CHECK(parse_number<int>("12") == 12);
    CHECK(parse_number<int>("-3") == -3);
    CHECK(parse_number<unsigned>("777", 8) == 511);
    CHECK_FALSE(parse_number<int>("12x"));
    CHECK_FALSE(parse_number<int>(" 12"));
    CHECK_FALSE(parse_number<int>(""));
    CHECK_FALSE(parse_number<unsigned>("-1"));
    CHECK_FALSE(parse_number<std::uint8_t>("256"));
}

TEST_CASE("text: trim takes blanks and newlines off both ends") {
    CHECK(trim(" \t a b \n") == "a b");
    CHECK(trim("\n").empty());
}

TEST_CASE("text: json_string escapes what JSON forbids and keeps UTF-8") {
    CHECK(json_string("a\"\\\n\t\r\x01/") == R"("a\"\\\n\t\r\u0001/")");
    CHECK(
        json_string("grün \xe2\x82\xac \xf0\x9f\x90\xa7") ==
        "\"grün \xe2\x82\xac \xf0\x9f\x90\xa7\""
    );
    CHECK(json_string("") == "\"\"");
}

TEST_CASE("text: json_string replaces bytes that are no UTF-8, one by one") {
    CHECK(
        json_string("a\xff"
                    "b") == "\"a\\ufffdb\""
    );
    CHECK(json_string("\xc0\x80") == "\"\\ufffd\\ufffd\"");             // overlong
    CHECK(json_string("\xed\xa0\x80") == "\"\\ufffd\\ufffd\\ufffd\"");  // surrogate
    CHECK(json_string("\xe2\x82") == "\"\\ufffd\\ufffd\"");             // cut short
    CHECK(json_string("\xf4\x90\x80\x80") == "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}
