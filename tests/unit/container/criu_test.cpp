// What is made of criu's log.
#include "corun/container/criu.hpp"

#include <doctest/doctest.h>

using namespace corun::container;

TEST_CASE("criu: the first error of its log is quoted, without its time") {
    constexpr std::string_view kLog =
        "(00.000123) Collecting mounts\n"
        "(00.000200) Warn  (criu/x.c:1): odd\n"
        "(00.010000)      1: Error (criu/mount.c:7): mnt: No mapping for 73 \n"
        "(00.020000) Error (criu/cr-dump.c:2053): Dumping FAILED.\n";

    CHECK(first_criu_error(kLog) == "Error (criu/mount.c:7): mnt: No mapping for 73");
    CHECK(first_criu_error("(00.1) all is well\n").empty());
    CHECK(first_criu_error("").empty());
}
