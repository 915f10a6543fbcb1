// Reading points in time. Pure.
#include "corun/cli/log_time_option.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/base/timestamp.hpp"
#include "corun/base/units.hpp"

#include <optional>

namespace corun::cli {

namespace {

using std::chrono::system_clock;

/// As far as 64 bits of nanoseconds go.
constexpr double kMostSeconds = 9e9;

std::optional<system_clock::time_point> parse_seconds(std::string_view text) {
    const std::optional<double> seconds = parse_decimal(text);
    if (!seconds || *seconds < 0 || *seconds > kMostSeconds) {
        return std::nullopt;
    }
    return system_clock::time_point(
        std::chrono::duration_cast<system_clock::duration>(std::chrono::duration<double>(*seconds))
    );
}

}  // namespace

system_clock::time_point log_time_option(
    std::string_view option, std::string_view text, system_clock::time_point now
) {
    if (const auto time = parse_rfc3339(text)) {
        return *time;
    }
    if (const auto time = parse_seconds(text)) {
        return *time;
    }
    if (const std::optional<std::chrono::nanoseconds> span = parse_duration(text)) {
        return now - *span;
    }
    throw Error(concat(
        "--",
        option,
        ": expected a time such as 2026-11-23T05:10:43Z, or 10m for ten minutes ago,",
        " found ",
        double_quote(text)
    ));
}

}  // namespace corun::cli
