#include "corun/cli/detach_keys.hpp"

#include <doctest/doctest.h>

using corun::cli::DetachKeys;

TEST_CASE("detach keys: what is typed is passed on") {
    DetachKeys keys;

    const DetachKeys::Found found = keys.look_through("ls\rq\x11");

    CHECK(found.passed == "ls\rq\x11");
    CHECK_FALSE(found.detached);
}

TEST_CASE("detach keys: ctrl-p ctrl-q ends it, also in two pieces") {
    DetachKeys keys;
    const DetachKeys::Found first = keys.look_through("ab\x10");
    const DetachKeys::Found second = keys.look_through("\x11x");

    CHECK(first.passed == "ab");
    CHECK_FALSE(first.detached);
    CHECK(second.passed.empty());
    CHECK(second.detached);
}

TEST_CASE("detach keys: a ctrl-p that is followed by something else is passed on with it") {
    DetachKeys keys;

    CHECK(keys.look_through("\x10").passed.empty());
    CHECK(
        keys.look_through("a").passed ==
        "\x10"
        "a"
    );
    CHECK(keys.look_through("\x10\x10").passed == "\x10");
    CHECK(keys.look_through("\x11").detached);
}
