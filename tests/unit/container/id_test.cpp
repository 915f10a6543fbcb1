// Which ids a container may have.
#include "corun/container/id.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace corun;
using container::ContainerId;

namespace {

std::string refusal_of(const std::string& text) {
    try {
        (void)ContainerId(text);
    } catch (const Error& error) {
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("id: letters, digits and four marks") {
    CHECK(ContainerId("a").text() == "a");
    CHECK(ContainerId("Web-1_b.c+d").text() == "Web-1_b.c+d");
    CHECK(ContainerId("...").text() == "...");
    CHECK(ContainerId("-x").text() == "-x");
    CHECK(ContainerId(std::string(255, 'x')).text().size() == 255);
}

TEST_CASE("id: the empty one is refused in runc's words") {
    CHECK(refusal_of("") == "container id cannot be empty");
}

TEST_CASE("id: what could leave the state root or a line is refused") {
    for (const char* text :
         {".", "..", "a/b", "/", "a b", "a\nb", "a:b", "a@b", "a%b", "\xc3\xa4", "a\\b"}) {
        CAPTURE(text);
        CHECK(refusal_of(text).starts_with("invalid container ID format: '"));
    }
    CHECK(refusal_of(std::string("a\0b", 3)).starts_with("invalid container ID format"));
    CHECK(refusal_of(std::string(256, 'x')).starts_with("invalid container ID format"));
}
