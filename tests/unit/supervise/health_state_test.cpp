#include "corun/supervise/health_state.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::supervise;
using namespace std::chrono_literals;

namespace {

constexpr async::Clock::time_point kBegin{};

HealthPolicy checked() {
    return {.command = {"true"}, .interval = 10s, .retries = 2, .action = HealthAction::restart};
}

}  // namespace

TEST_CASE("health: without a command there is none") {
    const HealthPolicy policy;
    CHECK(HealthState(policy).health() == Health::none);
}

TEST_CASE("health: it starts, gets healthy at the first success, unhealthy after its retries") {
    const HealthPolicy policy = checked();
    HealthState state(policy);
    state.start(kBegin);
    CHECK(state.health() == Health::starting);

    CHECK(state.note(CheckResult::passed, kBegin).changed);
    CHECK(state.health() == Health::healthy);
    CHECK_FALSE(state.note(CheckResult::failed, kBegin).changed);
    const HealthOutcome outcome = state.note(CheckResult::timed_out, kBegin);

    CHECK(outcome.changed);
    CHECK(outcome.action == HealthAction::restart);
    CHECK(state.health() == Health::unhealthy);
    // The action is due once.
    CHECK(state.note(CheckResult::failed, kBegin).action == HealthAction::none);
}

TEST_CASE("health: only failures in a row count") {
    const HealthPolicy policy = checked();
    HealthState state(policy);
    state.start(kBegin);

    for (int i = 0; i < 5; ++i) {
        (void)state.note(CheckResult::failed, kBegin);
        (void)state.note(CheckResult::passed, kBegin);
    }

    CHECK(state.health() == Health::healthy);
}

TEST_CASE("health: failures within the start period do not count, until the first success") {
    HealthPolicy policy = checked();
    policy.start_period = 60s;
    HealthState state(policy);
    state.start(kBegin);

    for (int i = 0; i < 5; ++i) {
        (void)state.note(CheckResult::failed, kBegin + 59s);
    }
    CHECK(state.health() == Health::starting);

    (void)state.note(CheckResult::failed, kBegin + 60s);
    (void)state.note(CheckResult::failed, kBegin + 61s);
    CHECK(state.health() == Health::unhealthy);
}

TEST_CASE("health: it is looked at often while it starts, at its interval afterwards") {
    const HealthPolicy policy = checked();
    HealthState state(policy);
    state.start(kBegin);
    CHECK(state.next_check() == kBegin + 1s);

    (void)state.note(CheckResult::passed, kBegin + 1s);
    CHECK(state.next_check() == kBegin + 11s);
}
