// Marks of time on both sides of a fork.
#include "corun/sys/timeline.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

using corun::sys::Timeline;

TEST_CASE("timeline: a part ends where the next of its side begins") {
    Timeline timeline;
    timeline.mark(Timeline::Side::parent, "first");
    timeline.mark(Timeline::Side::child, "between");
    timeline.mark(Timeline::Side::parent, "second");

    const std::vector<Timeline::Span> spans = timeline.spans();

    REQUIRE(spans.size() == 3);
    CHECK(spans[0].name == "first");
    CHECK(spans[0].end == spans[2].begin);
    CHECK(spans[1].end >= spans[2].begin);
    CHECK(spans[1].side == Timeline::Side::child);
}

TEST_CASE("timeline: the marks of a child are its parent's to read") {
    Timeline timeline;
    const pid_t child = ::fork();
    if (child == 0) {
        timeline.mark(Timeline::Side::child, "in the child");
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);

    const std::vector<Timeline::Span> spans = timeline.spans();

    REQUIRE(spans.size() == 1);
    CHECK(spans[0].name == "in the child");
}

TEST_CASE("timeline: a long name is cut off, and more marks than fit are left out") {
    Timeline timeline;
    timeline.mark(Timeline::Side::parent, std::string(100, 'x'));
    for (int i = 0; i < 1000; ++i) {
        timeline.mark(Timeline::Side::parent, "more");
    }

    const std::vector<Timeline::Span> spans = timeline.spans();

    CHECK(spans.size() == 255);
    CHECK(spans[0].name == std::string(29, 'x'));
}
