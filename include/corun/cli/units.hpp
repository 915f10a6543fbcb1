// Sizes and durations as they are written on a command line. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace corun::cli {

/// `512m`, `1.5GiB`, `4096`, `64 kB`: bytes, with powers of 1024 as go-units, which runc's callers
/// write for. Nothing for what is none or does not fit.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);

/// `5s`, `100ms`, `1m30s`, `1.5h`: as Go's time.ParseDuration, without signs. Nothing for what is
/// none or does not fit.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace corun::cli
