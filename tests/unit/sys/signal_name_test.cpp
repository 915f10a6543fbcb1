// Signals by name, as callers write them.
#include "corun/sys/signal_name.hpp"

#include <doctest/doctest.h>

#include <csignal>

using namespace corun::sys;

TEST_CASE("signal name: numbers, short names, long names, any case") {
    CHECK(parse_signal("9") == SIGKILL);
    CHECK(parse_signal("KILL") == SIGKILL);
    CHECK(parse_signal("SIGKILL") == SIGKILL);
    CHECK(parse_signal("sigterm") == SIGTERM);
    CHECK(parse_signal("Usr1") == SIGUSR1);
    CHECK(parse_signal("IOT") == SIGABRT);
    CHECK(parse_signal("CHLD") == SIGCHLD);
    CHECK(parse_signal("64") == 64);
    CHECK(parse_signal("0") == 0);
}

TEST_CASE("signal name: realtime signals count from either end") {
    CHECK(parse_signal("RTMIN") == SIGRTMIN);
    CHECK(parse_signal("SIGRTMIN+3") == SIGRTMIN + 3);
    CHECK(parse_signal("rtmax-1") == SIGRTMAX - 1);
    CHECK(parse_signal("RTMAX") == SIGRTMAX);
}

TEST_CASE("signal name: everything else is refused") {
    for (const char* text :
         {"", "SIG", "BOGUS", "-1", "65", "9x", " 9", "RTMIN-1", "RTMAX+1", "RTMIN+99", "RTMIN+"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_signal(text));
    }
}
