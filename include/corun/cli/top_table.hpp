// The table of `top`: what containers use, from two looks at them. Pure.
#pragma once

#include "corun/supervise/model.hpp"
#include "corun/supervise/usage.hpp"
#include "corun/sys/terminal.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace corun::cli {

struct TopEntry {
    supervise::UnitStatus unit;
    std::optional<supervise::Usage> usage;  // nothing: it does not run
};

/// One look at all of them.
struct TopSample {
    std::chrono::steady_clock::time_point when;
    supervise::SupervisorStatus supervisor;
    std::vector<TopEntry> entries;
};

/// A line about the supervisor and one for each container, the busiest first. What is told per
/// second is the difference to `before`; without it, the average since each container's start.
[[nodiscard]] std::vector<std::string> top_lines(const TopSample& now, const TopSample* before);

/// What redraws a terminal of that size with those lines: each cut to its width, those that do not
/// fit left out, nothing of what was there before left.
[[nodiscard]] std::string top_screen(const std::vector<std::string>& lines, sys::WindowSize size);

}  // namespace corun::cli
