// Numbers for people. Pure.
#include "corun/cli/readable.hpp"

#include "corun/base/text.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace corun::cli {

namespace {

std::string fixed(double value, int digits) {
    std::array<char, 32> out = {};
    const auto end =
        std::to_chars(out.data(), out.data() + out.size(), value, std::chars_format::fixed, digits)
            .ptr;
    return {out.data(), end};
}

/// `3m05s`
std::string two_units(
    std::int64_t large, std::string_view large_name, std::int64_t small, std::string_view small_name
) {
    return concat(large, large_name, small < 10 ? "0" : "", small, small_name);
}

}  // namespace

std::string readable_duration(std::chrono::milliseconds duration) {
    constexpr std::int64_t kMinute = 60;
    constexpr std::int64_t kHour = 60 * kMinute;
    constexpr std::int64_t kDay = 24 * kHour;
    const std::int64_t seconds = duration.count() / 1000;
    if (seconds == 0) {
        return concat(duration.count(), "ms");
    }
    if (seconds < kMinute) {
        return concat(seconds, "s");
    }
    if (seconds < kHour) {
        return two_units(seconds / kMinute, "m", seconds % kMinute, "s");
    }
    if (seconds < kDay) {
        return two_units(seconds / kHour, "h", seconds % kHour / kMinute, "m");
    }
    return two_units(seconds / kDay, "d", seconds % kDay / kHour, "h");
}

std::string readable_size(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 7> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    constexpr double kMostShown = 999.5;  // would be four digits
    if (bytes < 1000) {
        return concat(bytes, "B");
    }
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= kMostShown) {
        value /= 1024;
        ++unit;
    }
    const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return concat(fixed(value, digits), kUnits[unit]);
}

std::string readable_tenths(double value) {
    return fixed(value, 1);
}

}  // namespace corun::cli
