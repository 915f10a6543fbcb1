#include "corun/cli/policy_options.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace corun;
using namespace corun::cli;

namespace {

supervise::Policy policy_of(const std::vector<std::string>& words) {
    return policy_from(parse_arguments({.options = kPolicyOptions}, words));
}

}  // namespace

TEST_CASE("policy options: the annotations' names, with a dash for the dot") {
    const supervise::Policy policy =
        policy_of({"--restart", "always", "--health-start-period=5s", "--log-driver", "journald"});

    CHECK(policy.restart.mode == supervise::RestartMode::always);
    CHECK(policy.health.start_period == std::chrono::seconds(5));
    CHECK(policy.log.driver == supervise::LogDriver::journald);
}

TEST_CASE("policy options: a wrong value is refused by the option's name") {
    CHECK_THROWS_WITH_AS(
        (void)policy_of({"--stop-timeout", "soon"}),
        "--stop-timeout: expected a time span such as 1min 30s, found \"soon\"",
        Error
    );
}
