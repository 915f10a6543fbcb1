// The text JsonWriter makes.
#include "corun/oci/json_writer.hpp"

#include "corun/oci/json_reader.hpp"

#include <doctest/doctest.h>

using namespace corun::oci;

namespace {

std::string written(std::string_view indent) {
    JsonWriter json(indent);
    json.begin_object();
    json.member("text", "a\"b");
    json.member("truth", true);
    json.member("negative", -1);
    json.member("large", ~std::uint64_t{0});
    json.member("list", std::vector<std::string>{"x", "y"});
    json.member("map", StringMap{{"k", "v"}});
    json.key("nothing");
    json.null();
    json.key("empty");
    json.begin_array();
    json.end_array();
    json.end_object();
    return json.take();
}

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

}  // namespace

TEST_CASE("json writer: compact text has no blanks") {
    CHECK(
        written("") == R"({"text":"a\"b","truth":true,"negative":-1,"large":18446744073709551615,)"
                       R"("list":["x","y"],"map":{"k":"v"},"nothing":null,"empty":[]})"
    );
}

TEST_CASE("json writer: indented text looks like Go's") {
    CHECK(written("  ") == R"({
  "text": "a\"b",
  "truth": true,
  "negative": -1,
  "large": 18446744073709551615,
  "list": [
    "x",
    "y"
  ],
  "map": {
    "k": "v"
  },
  "nothing": null,
  "empty": []
})");
}

TEST_CASE("json writer: control characters are escaped") {
    CHECK(json_string("a\n\t\r\x01\x1f\\\x7f") == "\"a\\n\\t\\r\\u0001\\u001f\\\\\x7f\"");
}

TEST_CASE("json writer: bytes that are not UTF-8 become U+FFFD") {
    constexpr const char* kMark = "\xef\xbf\xbd";
    CHECK(
        json_string("h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x8b") ==
        "\"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x8b\""
    );
    for (const std::string& bad :
         {std::string("\x80"),
          std::string("\xc0"),
          std::string("\xff"),
          std::string("\xc3"),
          std::string("\xf5")}) {
        CHECK(json_string(bad) == "\"" + std::string(kMark) + "\"");
    }
    // Overlong, surrogate, too large: each byte on its own.
    CHECK(json_string("\xe0\x80\x80").size() == 2 + 9);
    CHECK(json_string("\xed\xa0\x80").size() == 2 + 9);
    CHECK(json_string("\xf4\x90\x80\x80").size() == 2 + 12);
}

TEST_CASE("json writer: what it writes of any bytes, the reader takes") {
    std::string all;
    for (int byte = 1; byte < 256; ++byte) {
        all += static_cast<char>(byte);
    }
    const JsonDocument document(json_string(all));
    CHECK(document.root().string().starts_with("\x01\x02"));
}

TEST_CASE("json writer: a number with a fraction is read back the same") {
    for (const double number : {0.1, 1e-7, 3.5e300, -2.25, 7.0}) {
        JsonWriter json;
        json.value(number);
        const JsonDocument document(json.take());
        CHECK(document.root().decimal_number() == number);
    }
}
