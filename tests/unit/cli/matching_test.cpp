// Containers by regular expression.
#include "corun/cli/matching.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

using namespace corun;

namespace {

std::vector<std::string> matched(const std::string& pattern) {
    const std::vector<container::ContainerId> ids = {
        container::ContainerId("db"),
        container::ContainerId("web-1"),
        container::ContainerId("web-2")};
    std::vector<std::string> out;
    for (const container::ContainerId& id : cli::matching(ids, pattern)) {
        out.push_back(id.text());
    }
    return out;
}

}  // namespace

TEST_CASE("matching: an expression matches anywhere in an id") {
    CHECK(matched("b") == std::vector<std::string>{"db", "web-1", "web-2"});
    CHECK(matched("eb-") == std::vector<std::string>{"web-1", "web-2"});
}

TEST_CASE("matching: an expression is an extended one and can be anchored") {
    CHECK(matched("^(db|web-1)$") == std::vector<std::string>{"db", "web-1"});
    CHECK(matched("^eb").empty());
}

TEST_CASE("matching: what is no expression is an error that has the reason") {
    CHECK_THROWS_WITH_AS(
        matched("web-("), doctest::Contains("regular expression 'web-(': "), Error
    );
}
