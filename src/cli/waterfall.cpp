// The parts of a start as a chart. Pure.
#include "corun/cli/waterfall.hpp"

#include "corun/base/text.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace corun::cli {

namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kNumberWidth = 8;
constexpr std::size_t kNameWidth = 28;
constexpr std::size_t kBarWidth = 40;

std::string right_aligned(const std::string& text, std::size_t width) {
    return concat(std::string(width - std::min(width, text.size()), ' '), text);
}

std::string left_aligned(const std::string& text, std::size_t width) {
    return concat(text, std::string(width - std::min(width, text.size()), ' '));
}

std::string microseconds(nanoseconds time) {
    constexpr std::int64_t kNanosecondsEach = 1000;
    return right_aligned(std::to_string(time.count() / kNanosecondsEach), kNumberWidth);
}

std::size_t column_of(nanoseconds time, nanoseconds total) {
    const auto columns = static_cast<std::int64_t>(kBarWidth);
    return static_cast<std::size_t>(
        time.count() * columns / std::max<std::int64_t>(total.count(), 1)
    );
}

/// At least one column, whatever is drawn.
std::string bar_of(const sys::Timeline::Span& span, nanoseconds total) {
    const std::size_t begin = std::min(column_of(span.begin, total), kBarWidth - 1);
    const std::size_t end = std::clamp(column_of(span.end, total), begin + 1, kBarWidth);
    return concat(std::string(begin, ' '), std::string(end - begin, '#'));
}

std::string label_of(const sys::Timeline::Span& span) {
    return span.side == sys::Timeline::Side::child ? concat("  ", span.name) : span.name;
}

}  // namespace

std::string waterfall(std::span<const sys::Timeline::Span> spans) {
    nanoseconds total{};
    for (const sys::Timeline::Span& span : spans) {
        total = std::max(total, span.end);
    }
    std::string out = concat(
        right_aligned("begin", kNumberWidth), " ", right_aligned("took us", kNumberWidth), "\n"
    );
    for (const sys::Timeline::Span& span : spans) {
        out += concat(
            microseconds(span.begin),
            " ",
            microseconds(span.end - span.begin),
            "  ",
            left_aligned(label_of(span), kNameWidth),
            " |",
            bar_of(span, total),
            "\n"
        );
    }
    out += concat(std::string(kNumberWidth, ' '), " ", microseconds(total), "  in all\n");
    return out;
}

}  // namespace corun::cli
