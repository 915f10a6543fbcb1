// The kernel's list notation.
#include "corun/oci/number_list.hpp"

#include <doctest/doctest.h>

using namespace corun::oci;

TEST_CASE("number list: ranges and single numbers, blanks and empty parts") {
    const std::vector<NumberRange> expected{{0, 3}, {7, 7}, {9, 9}};
    CHECK(parse_number_list("0-3,7,9") == expected);
    CHECK(parse_number_list(" 0-3 , 7,,9,") == expected);
    CHECK(parse_number_list("") == std::vector<NumberRange>{});
    CHECK(parse_number_list("65535") == std::vector<NumberRange>{{65535, 65535}});
}

TEST_CASE("number list: anything else is refused") {
    for (const char* text :
         {"a", "1-", "-1", "3-1", "1-2-3", "0x1", "1 2", "65536", "0-4294967296"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_number_list(text).has_value());
    }
}
