// Tables as runc prints them.
#include "corun/cli/output.hpp"

#include <doctest/doctest.h>

using namespace corun::cli;

TEST_CASE("output: columns are twelve wide at least, three blanks apart, the last one open") {
    CHECK(
        format_table({{"ID", "PID", "OWNER"}, {"web", "1", "root"}}) ==
        "ID          PID         OWNER\n"
        "web         1           root\n"
    );
    CHECK(
        format_table({{"ID", "PID"}, {"a-long-name", "1"}}) ==
        "ID            PID\n"
        "a-long-name   1\n"
    );
}
