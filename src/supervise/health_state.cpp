// The health of one container. Pure.
#include "corun/supervise/health_state.hpp"

#include <algorithm>
#include <chrono>

namespace corun::supervise {

namespace {

constexpr std::chrono::milliseconds kStartInterval{1000};

}  // namespace

HealthState::HealthState(const HealthPolicy& policy)
    : policy_(policy), health_(policy.command.empty() ? Health::none : Health::starting) {}

void HealthState::start(async::Clock::time_point now) {
    started_ = now;
    next_check_ = now + std::min(policy_.interval, kStartInterval);
}

HealthOutcome HealthState::note(CheckResult result, async::Clock::time_point now) {
    const Health before = health_;
    const bool is_starting = before == Health::starting && now - started_ < policy_.start_period;
    if (result == CheckResult::passed) {
        failures_ = 0;
        health_ = Health::healthy;
    } else if (!is_starting) {
        ++failures_;
        health_ = failures_ >= policy_.retries ? Health::unhealthy : health_;
    }
    const bool soon = health_ == Health::starting;
    next_check_ = now + (soon ? std::min(policy_.interval, kStartInterval) : policy_.interval);
    const bool changed = health_ != before;
    const bool acts = changed && health_ == Health::unhealthy;
    return {.changed = changed, .action = acts ? policy_.action : HealthAction::none};
}

}  // namespace corun::supervise
