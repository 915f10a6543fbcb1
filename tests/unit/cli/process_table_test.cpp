// Picking a container's processes out of what ps(1) prints.
#include "corun/cli/process_table.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::cli;

TEST_CASE("process table: header and the container's lines stay, as they are") {
    CHECK(
        select_processes(
            "UID     PID  PPID CMD\n"
            "root      1     0 init 7\n"
            "root      7     1  sleep\n"
            "root     77     7 top\n",
            {7, 77}
        ) ==
        "UID     PID  PPID CMD\n"
        "root      7     1  sleep\n"
        "root     77     7 top\n"
    );
}

TEST_CASE("process table: the pid may be in any column but must be there") {
    CHECK(select_processes("PID COMMAND\n  5 x\n", {5}) == "PID COMMAND\n  5 x\n");
    CHECK(select_processes("COMMAND PID\n", {5}) == "COMMAND PID\n");
    CHECK_THROWS_AS((void)select_processes("PPID COMMAND\n5 x\n", {5}), Error);
    CHECK_THROWS_AS((void)select_processes("PID COMMAND\nx 5\n", {5}), Error);
    CHECK_THROWS_AS((void)select_processes("", {5}), Error);
}
