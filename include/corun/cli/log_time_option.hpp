// Points in time as options: `logs --since TIME`. Pure.
#pragma once

#include <chrono>
#include <string_view>

namespace corun::cli {

/// `2026-11-23T05:10:43Z` and other forms of RFC 3339, `1795410643.5` (seconds since 1970), or
/// `1h30m` (that long before `now`). Throws Error that names the option.
[[nodiscard]] std::chrono::system_clock::time_point log_time_option(
    std::string_view option, std::string_view text, std::chrono::system_clock::time_point now
);

}  // namespace corun::cli
