// What `ctl` prints of supervised containers. Pure.
#pragma once

#include "corun/supervise/model.hpp"

#include <string>
#include <vector>

namespace corun::cli {

/// A block of lines, the history of its exits last.
[[nodiscard]] std::string status_block(const supervise::UnitStatus& unit);

/// One line for each.
[[nodiscard]] std::string unit_table(const std::vector<supervise::UnitStatus>& units);

/// The exit status as printed by `ctl wait`: a number, or `unknown`.
[[nodiscard]] std::string exit_text(const supervise::ExitRecord& record);

/// Time since the start; `-` if it does not run.
[[nodiscard]] std::string uptime_text(const supervise::UnitStatus& unit);

/// `-` if it has no checks.
[[nodiscard]] std::string health_text(const supervise::UnitStatus& unit);

}  // namespace corun::cli
