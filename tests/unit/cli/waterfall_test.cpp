// What `--timings` prints.
#include "corun/cli/waterfall.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace corun::cli;
using corun::sys::Timeline;
using std::chrono::microseconds;

TEST_CASE("waterfall: a part has its place in the whole, the child's are indented") {
    const std::vector<Timeline::Span> spans{
        {.name = "plan", .begin = microseconds(0), .end = microseconds(500)},
        {.name = "wait", .begin = microseconds(500), .end = microseconds(2000)},
        {.name = "mounts",
         .side = Timeline::Side::child,
         .begin = microseconds(1000),
         .end = microseconds(2000)},
    };

    CHECK(
        waterfall(spans) ==
        "   begin  took us\n"
        "       0      500  plan                         |##########\n"
        "     500     1500  wait                         |          "
        "##############################\n"
        "    1000     1000    mounts                     |                    "
        "####################\n"
        "             2000  in all\n"
    );
}

TEST_CASE("waterfall: what takes no time is seen all the same, also at the end") {
    const std::vector<Timeline::Span> spans{
        {.name = "all", .begin = microseconds(0), .end = microseconds(10)},
        {.name = "nothing", .begin = microseconds(10), .end = microseconds(10)},
    };

    CHECK(
        waterfall(spans).find("|                                       #\n               10  in all"
        ) != std::string::npos
    );
}

TEST_CASE("waterfall: nothing is nothing") {
    CHECK(waterfall({}) == "   begin  took us\n                0  in all\n");
}
