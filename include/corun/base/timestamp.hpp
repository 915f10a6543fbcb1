// Times as text, RFC 3339 in UTC. Pure: who asks brings the time.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace corun {

/// `2026-11-23T05:10:43Z`
[[nodiscard]] std::string rfc3339(std::chrono::system_clock::time_point when);

/// `2026-11-23T05:10:43.017Z`: with nanoseconds, trailing zeros dropped as Go's RFC3339Nano does.
[[nodiscard]] std::string rfc3339_nano(std::chrono::system_clock::time_point when);

/// Both of these, with any offset from UTC (`+01:00`) in place of the Z, and a blank for the T.
/// Nothing for what is none, such as a day that is not in the calendar.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_rfc3339(
    std::string_view text
);

}  // namespace corun
