// Times as text, without <ctime> and its locale and time zone.
#include "corun/base/timestamp.hpp"

#include "corun/base/text.hpp"

namespace corun {

namespace {

/// `value` with leading zeros, `width` digits.
std::string padded(long long value, std::size_t width) {
    std::string digits = concat(value);
    if (digits.size() < width) {
        digits.insert(0, width - digits.size(), '0');
    }
    return digits;
}

std::string date_and_time(std::chrono::sys_seconds when) {
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(when - day);
    return concat(
        padded(static_cast<int>(date.year()), 4),
        "-",
        padded(static_cast<unsigned>(date.month()), 2),
        "-",
        padded(static_cast<unsigned>(date.day()), 2),
        "T",
        padded(time.hours().count(), 2),
        ":",
        padded(time.minutes().count(), 2),
        ":",
        padded(time.seconds().count(), 2)
    );
}

}  // namespace

std::string rfc3339(std::chrono::system_clock::time_point when) {
    return date_and_time(std::chrono::floor<std::chrono::seconds>(when)) + "Z";
}

std::string rfc3339_nano(std::chrono::system_clock::time_point when) {
    const auto second = std::chrono::floor<std::chrono::seconds>(when);
    const std::chrono::nanoseconds rest = when - second;
    if (rest.count() == 0) {
        return date_and_time(second) + "Z";
    }
    std::string fraction = padded(rest.count(), 9);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return concat(date_and_time(second), ".", fraction, "Z");
}

}  // namespace corun
