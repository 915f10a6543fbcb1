// The options of `supervise` that are defaults for the bundles' annotations. Made of the table in
// supervise/policy_settings.
#pragma once

#include "corun/cli/options.hpp"
#include "corun/supervise/policy.hpp"
#include "corun/supervise/policy_settings.hpp"

#include <array>
#include <cstddef>

namespace corun::cli {

[[nodiscard]] constexpr std::array<Option, supervise::kPolicySettings.size()>
policy_options_from_settings() {
    std::array<Option, supervise::kPolicySettings.size()> options;
    for (std::size_t i = 0; i < options.size(); ++i) {
        const supervise::PolicySetting& setting = supervise::kPolicySettings[i];
        options[i] = {
            .name = setting.name, .letter = "", .argument = setting.argument, .help = setting.help};
    }
    return options;
}

inline constexpr std::array kPolicyOptions = policy_options_from_settings();

/// Throws Error `--restart: …` for a wrong value.
[[nodiscard]] supervise::Policy policy_from(const Arguments& arguments);

}  // namespace corun::cli
