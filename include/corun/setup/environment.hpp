// The payload's environment. Pure: no system access.
#pragma once

#include "corun/setup/plan.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::setup {

/// plan.payload.env where the last of several values for a name wins, as with runc. HOME is not
/// among it where unset or empty: needs_home() then.
[[nodiscard]] std::vector<std::string> payload_environment(const PayloadPlan& payload);

/// No HOME in it: it is looked up then, as runc and crun do.
[[nodiscard]] bool needs_home(const std::vector<std::string>& environment);

/// The last value of `name` in `environment`.
[[nodiscard]] std::optional<std::string_view> find_variable(
    const std::vector<std::string>& environment, std::string_view name
);

}  // namespace corun::setup
