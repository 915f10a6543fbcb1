// Sizes and durations as people write them. Pure.
#include "corun/base/units.hpp"

#include "corun/base/text.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace corun {

namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

constexpr Unit kSizeUnits[] = {
    {"", 1},
    {"k", std::int64_t{1} << 10},
    {"m", std::int64_t{1} << 20},
    {"g", std::int64_t{1} << 30},
    {"t", std::int64_t{1} << 40},
    {"p", std::int64_t{1} << 50},
};

// Nanoseconds. The micro sign and the Greek letter are both in use.
constexpr Unit kTimeUnits[] = {
    {"ns", 1},
    {"us", 1'000},
    {"\xc2\xb5s", 1'000},
    {"\xce\xbcs", 1'000},
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
};

// Microseconds; a month is 30.44 days and a year 365.25. (systemd.time(7))
constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;
constexpr Unit kSpanUnits[] = {
    {"usec", 1},
    {"us", 1},
    {"\xc2\xb5s", 1},
    {"\xce\xbcs", 1},
    {"msec", 1'000},
    {"ms", 1'000},
    {"seconds", kSecond},
    {"second", kSecond},
    {"sec", kSecond},
    {"s", kSecond},
    {"", kSecond},
    {"minutes", 60 * kSecond},
    {"minute", 60 * kSecond},
    {"min", 60 * kSecond},
    {"m", 60 * kSecond},
    {"hours", 3'600 * kSecond},
    {"hour", 3'600 * kSecond},
    {"hr", 3'600 * kSecond},
    {"h", 3'600 * kSecond},
    {"days", kDay},
    {"day", kDay},
    {"d", kDay},
    {"weeks", 7 * kDay},
    {"week", 7 * kDay},
    {"w", 7 * kDay},
    {"months", 2'629'800 * kSecond},
    {"month", 2'629'800 * kSecond},
    {"M", 2'629'800 * kSecond},
    {"years", 31'557'600 * kSecond},
    {"year", 31'557'600 * kSecond},
    {"y", 31'557'600 * kSecond},
};

// What a span is written with, in milliseconds.
constexpr Unit kWrittenUnits[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1'000}, {"ms", 1}};

template <std::size_t Count>
const Unit* find_unit(const Unit (&units)[Count], std::string_view name) {
    for (const Unit& unit : units) {
        if (unit.name == name) {
            return &unit;
        }
    }
    return nullptr;
}

/// `number` ("12", "1.5", ".5") times `factor`, rounded down.
std::optional<std::int64_t> multiply(std::string_view number, std::int64_t factor) {
    const std::size_t point = number.find('.');
    const std::string_view whole = number.substr(0, point);
    const std::string_view fraction =
        point == std::string_view::npos ? std::string_view() : number.substr(point + 1);
    if (whole.empty() && fraction.empty()) {
        return std::nullopt;
    }
    const auto units = parse_number<std::int64_t>(whole.empty() ? "0" : whole);
    const auto part = parse_decimal(concat("0.", fraction.empty() ? "0" : fraction));
    if (!units || !part || *units < 0 || *units > kMost / factor) {
        return std::nullopt;
    }
    const std::int64_t product = *units * factor;
    const auto rest = static_cast<std::int64_t>(*part * static_cast<double>(factor));
    return rest > kMost - product ? std::nullopt : std::optional(product + rest);
}

std::size_t length_of_number(std::string_view text) {
    return std::min(text.find_first_not_of("0123456789."), text.size());
}

}  // namespace

std::optional<std::int64_t> parse_size(std::string_view text) {
    const std::size_t length = length_of_number(text);
    std::string unit = to_lower(text.substr(length));
    if (unit.starts_with(' ')) {
        unit.erase(0, 1);
    }
    // "KiB", "KB" and "K" are the same; so are "B" and nothing.
    for (const std::string_view ending : {"ib", "b"}) {
        if (unit.ends_with(ending) && (unit.size() > ending.size() || ending == "b")) {
            unit.resize(unit.size() - ending.size());
            break;
        }
    }
    const Unit* found = find_unit(kSizeUnits, unit);
    return found == nullptr ? std::nullopt : multiply(text.substr(0, length), found->factor);
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    if (text == "0") {
        return std::chrono::nanoseconds(0);
    }
    std::int64_t total = 0;
    do {
        const std::size_t length = length_of_number(text);
        const std::string_view number = text.substr(0, length);
        text.remove_prefix(length);
        const std::size_t end = std::min(text.find_first_of("0123456789."), text.size());
        const Unit* unit = find_unit(kTimeUnits, text.substr(0, end));
        const auto part = unit == nullptr ? std::nullopt : multiply(number, unit->factor);
        if (!part || *part > kMost - total) {
            return std::nullopt;
        }
        total += *part;
        text.remove_prefix(end);
    } while (!text.empty());
    return std::chrono::nanoseconds(total);
}

std::optional<std::chrono::milliseconds> parse_time_span(std::string_view text) {
    text = trim(text);
    if (text == "infinity") {
        return kForever;
    }
    std::int64_t total = 0;
    do {
        const std::size_t length = length_of_number(text);
        const std::string_view number = text.substr(0, length);
        text.remove_prefix(length);
        const std::size_t end = std::min(text.find_first_of("0123456789."), text.size());
        const Unit* unit = find_unit(kSpanUnits, trim(text.substr(0, end)));
        const auto part = unit == nullptr ? std::nullopt : multiply(number, unit->factor);
        if (!part || *part > kMost - total) {
            return std::nullopt;
        }
        total += *part;
        text.remove_prefix(end);
    } while (!text.empty());
    return std::min(kForever, std::chrono::milliseconds(total / 1'000));
}

std::string time_span_text(std::chrono::milliseconds span) {
    if (span == kForever) {
        return "infinity";
    }
    std::string text;
    std::int64_t left = span.count();
    for (const Unit& unit : kWrittenUnits) {
        if (left >= unit.factor) {
            text += concat(text.empty() ? "" : " ", left / unit.factor, unit.name);
            left %= unit.factor;
        }
    }
    return text.empty() ? "0" : text;
}

}  // namespace corun
