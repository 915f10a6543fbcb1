// What the results of health checks say about a container, over time. Pure.
#pragma once

#include "corun/async/loop.hpp"
#include "corun/supervise/model.hpp"
#include "corun/supervise/policy.hpp"

#include <cstdint>

namespace corun::supervise {

enum class CheckResult : std::uint8_t { passed, failed, timed_out };

/// What one result has changed.
struct HealthOutcome {
    bool changed = false;
    HealthAction action = HealthAction::none;  // to be taken now
};

class HealthState {
public:
    /// `policy` outlives it. Without a command the health is `none` for ever.
    explicit HealthState(const HealthPolicy& policy);

    /// The container runs since now.
    void start(async::Clock::time_point now);

    /// Failures before the first success, within the start period, do not count.
    [[nodiscard]] HealthOutcome note(CheckResult result, async::Clock::time_point now);

    [[nodiscard]] Health health() const { return health_; }

    /// While it starts, checks come up to once a second, so that readiness is not seen late.
    [[nodiscard]] async::Clock::time_point next_check() const { return next_check_; }

private:
    const HealthPolicy& policy_;
    Health health_;
    unsigned failures_ = 0;  // in a row
    async::Clock::time_point started_;
    async::Clock::time_point next_check_;
};

}  // namespace corun::supervise
