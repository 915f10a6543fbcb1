// Times as text, without <ctime> and its locale and time zone.
#include "corun/base/timestamp.hpp"

#include "corun/base/text.hpp"

#include <algorithm>

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

/// Takes a fixed form apart, from its beginning on.
class Fields {
public:
    explicit Fields(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool ok() const { return ok_; }

    [[nodiscard]] std::string_view rest() const { return rest_; }

    /// A number of `digits` digits, at most `most`.
    int number(std::size_t digits, int most) {
        const std::string_view text = take(digits);
        const bool is_number = text.find_first_not_of("0123456789") == std::string_view::npos;
        const int value = ok_ && is_number ? parse_number<int>(text).value_or(most + 1) : most + 1;
        ok_ = ok_ && value <= most;
        return ok_ ? value : 0;
    }

    /// One of these characters.
    char one_of(std::string_view wanted) {
        const std::string_view text = take(1);
        ok_ = ok_ && wanted.find(text) != std::string_view::npos;
        return ok_ ? text.front() : '\0';
    }

    /// `.123`, if that comes next; what is smaller than a nanosecond is cut off.
    std::chrono::nanoseconds fraction() {
        constexpr std::size_t kDigits = 9;
        if (!rest_.starts_with('.')) {
            return {};
        }
        rest_.remove_prefix(1);
        const std::size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        std::string digits(rest_.substr(0, end));
        rest_.remove_prefix(end);
        ok_ = ok_ && !digits.empty();
        digits.resize(kDigits, '0');
        return std::chrono::nanoseconds(parse_number<int>(digits).value_or(0));
    }

private:
    std::string_view take(std::size_t size) {
        ok_ = ok_ && rest_.size() >= size;
        const std::string_view text = rest_.substr(0, size);
        rest_.remove_prefix(text.size());
        return text;
    }

    std::string_view rest_;
    bool ok_ = true;
};

/// `Z` or `+01:00`.
std::chrono::minutes utc_offset(Fields& fields) {
    constexpr int kMostHours = 23;
    constexpr int kMostMinutes = 59;
    const char sign = fields.one_of("Zz+-");
    if (sign != '+' && sign != '-') {
        return {};
    }
    const std::chrono::hours hours(fields.number(2, kMostHours));
    (void)fields.one_of(":");
    const std::chrono::minutes offset =
        hours + std::chrono::minutes(fields.number(2, kMostMinutes));
    return sign == '-' ? -offset : offset;
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

std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    Fields fields(text);
    const year years(fields.number(4, 9999));
    (void)fields.one_of("-");
    const month months(static_cast<unsigned>(fields.number(2, 12)));
    (void)fields.one_of("-");
    const year_month_day date(years, months, day(static_cast<unsigned>(fields.number(2, 31))));
    (void)fields.one_of("Tt ");
    const hours hour(fields.number(2, 23));
    (void)fields.one_of(":");
    const minutes minute(fields.number(2, 59));
    (void)fields.one_of(":");
    const seconds second(fields.number(2, 60));  // a leap second is the next one
    const nanoseconds fraction = fields.fraction();
    const minutes offset = utc_offset(fields);
    if (!fields.ok() || !fields.rest().empty() || !date.ok()) {
        return std::nullopt;
    }
    return sys_days(date) + hour + minute - offset + second + fraction;
}

}  // namespace corun
