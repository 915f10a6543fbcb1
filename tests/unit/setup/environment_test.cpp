// The payload's environment.
#include "corun/setup/environment.hpp"

#include <doctest/doctest.h>

using namespace corun::setup;

using Environment = std::vector<std::string>;

namespace {

Environment environment_of(Environment env) {
    PayloadPlan payload;
    payload.env = std::move(env);
    return payload_environment(payload);
}

}  // namespace

TEST_CASE("environment: order is kept and of several values the last wins") {
    CHECK(
        environment_of({"A=1", "HOME=/root", "B=2", "A=3"}) ==
        Environment{"HOME=/root", "B=2", "A=3"}
    );
}

TEST_CASE("environment: HOME is to be looked up where it is not set or empty") {
    CHECK(needs_home(environment_of({})));
    CHECK(needs_home(environment_of({"HOME="})));
    CHECK(needs_home(environment_of({"HOME=/x", "HOME="})));
    CHECK(needs_home(environment_of({"HOMER=x"})));
    CHECK_FALSE(needs_home(environment_of({"HOME=", "HOME=/x"})));
}

TEST_CASE("environment: a variable is found by its whole name") {
    const Environment env = {"PATHS=/x", "PATH=/a", "PATH=/b"};

    CHECK(find_variable(env, "PATH") == "/b");
    CHECK(!find_variable(env, "PAT"));
    CHECK(!find_variable({"PATH"}, "PATH"));
}
