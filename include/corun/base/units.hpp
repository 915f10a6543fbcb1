// Sizes and durations as people write them, on a command line or in an annotation. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace corun {

/// `512m`, `1.5GiB`, `4096`, `64 kB`: bytes, with powers of 1024 as go-units, which runc's callers
/// write for. Nothing for what is none or does not fit.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);

/// `5s`, `100ms`, `1m30s`, `1.5h`: as Go's time.ParseDuration, without signs. Nothing for what is
/// none or does not fit.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// `infinity`, and whatever is longer: a hundred years, so that it can be added to any clock.
inline constexpr std::chrono::milliseconds kForever = std::chrono::hours(24 * 365 * 100);

/// `5min 20s`, `1.5s`, `90` (seconds), `infinity`: as systemd.time(7), rounded down to
/// milliseconds. Nothing for what is none or does not fit.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_time_span(std::string_view text);

/// In that form, with the largest units: `1min 30s`.
[[nodiscard]] std::string time_span_text(std::chrono::milliseconds span);

}  // namespace corun
