#include "corun/container/gvariant_text.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

using namespace corun;
using namespace corun::container;

namespace {

std::string refusal_of(const std::string& text) {
    try {
        return "accepted as " + parse_gvariant(text).signature;
    } catch (const Error& error) {
        return error.what();
    }
}

DbusValue integer(const char* signature, std::int64_t value) {
    return {.signature = signature, .content = value};
}

}  // namespace

TEST_CASE("gvariant text: basic values have the type they look like or are given") {
    CHECK(parse_gvariant("true") == dbus_bool(true));
    CHECK(parse_gvariant(" false ") == dbus_bool(false));
    CHECK(parse_gvariant("-7") == integer("i", -7));
    CHECK(parse_gvariant("0x10") == integer("i", 16));
    CHECK(parse_gvariant("uint64 123456789") == dbus_uint64(123456789));
    CHECK(parse_gvariant("@t 5") == dbus_uint64(5));
    CHECK(
        parse_gvariant("int64 -9223372036854775808") ==
        integer("x", std::numeric_limits<std::int64_t>::min())
    );
    CHECK(parse_gvariant("byte 255") == DbusValue{.signature = "y", .content = std::uint64_t{255}});
    CHECK(parse_gvariant("1.5") == DbusValue{.signature = "d", .content = 1.5});
    CHECK(parse_gvariant("double 2") == DbusValue{.signature = "d", .content = 2.0});
    CHECK(parse_gvariant("'inactive-or-failed'") == dbus_string("inactive-or-failed"));
    CHECK(
        parse_gvariant("objectpath '/a'") ==
        DbusValue{.signature = "o", .content = std::string("/a")}
    );
}

TEST_CASE("gvariant text: texts have either quote and escapes") {
    CHECK(parse_gvariant("\"it's\"") == dbus_string("it's"));
    CHECK(
        parse_gvariant(R"('a\'b\n\u00e4\U0001F600')") ==
        dbus_string("a'b\n\xC3\xA4\xF0\x9F\x98\x80")
    );
}

TEST_CASE("gvariant text: arrays and structures are read with their members' types") {
    CHECK(parse_gvariant("['a', 'b']") == dbus_array("s", {dbus_string("a"), dbus_string("b")}));
    CHECK(parse_gvariant("@as []") == dbus_array("s", {}));
    CHECK(parse_gvariant("[uint64 1, 2]") == dbus_array("t", {dbus_uint64(1), dbus_uint64(2)}));
    const DbusValue pair{
        .signature = "(st)", .content = std::vector{dbus_string("/dev/sda"), dbus_uint64(5)}};
    CHECK(parse_gvariant("[('/dev/sda', uint64 5)]") == dbus_array("(st)", {pair}));
    CHECK(parse_gvariant("@a(st) [('/dev/sda', 5)]") == dbus_array("(st)", {pair}));
    CHECK(parse_gvariant("(1,)").signature == "(i)");
}

TEST_CASE("gvariant text: what is malformed, mixed or out of range is refused") {
    for (const char* text :
         {"",
          "yes",
          "'open",
          "'a' 'b'",
          "uint64",
          "uint64 -1",
          "uint64 'a'",
          "byte 256",
          "2147483648",
          "18446744073709551616",
          "[]",
          "['a', 1]",
          "[1",
          "(1",
          "()",
          "@ 5",
          "@z 5",
          "@a 5",
          "@(s 5",
          "@(st) ('a', 5, 6)",
          "@(st) ('a',)",
          "<1>",
          "{'a': 1}",
          "nothing",
          R"('\ud800')",
          R"('\u0000')",
          R"('\)",
          "1.2.3"}) {
        CAPTURE(text);
        CHECK(refusal_of(text).starts_with("value '"));
    }
    CHECK(refusal_of(std::string(1000, '[')).find("nested too deep") != std::string::npos);
    CHECK(refusal_of("@" + std::string(1000, 'a') + "s []").starts_with("value '"));
}
