// What an error says, and how context is put in front of it.
#include "corun/base/error.hpp"

#include "corun/base/text.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace corun;

TEST_CASE("error: the line reads from the outermost clause to the cause") {
    Error error("fsopen(\"proc\")", EPERM);
    error.add_context("mount '/proc'");
    error.add_context("step 'mounts'");

    CHECK(
        std::string(error.what()) ==
        "step 'mounts': mount '/proc': fsopen(\"proc\"): Operation not permitted (EPERM)"
    );
    CHECK(error.message() == "step 'mounts': mount '/proc': fsopen(\"proc\")");
    CHECK(error.error_number() == EPERM);
}

TEST_CASE("error: in_context makes its text only on failure") {
    int made = 0;
    const auto clause = [&] {
        ++made;
        return std::string("outer");
    };

    CHECK(in_context(clause, [] { return 7; }) == 7);
    CHECK(made == 0);
    CHECK_THROWS_WITH_AS(in_context(clause, [] { throw Error("inner"); }), "outer: inner", Error);
    CHECK(made == 1);
}

TEST_CASE("error: an unknown errno is shown by number") {
    CHECK(errno_text(4095) == "errno 4095");
}
