// Sets of CPUs and memory nodes as text; pure.
#include "corun/oci/number_list.hpp"

#include "corun/base/text.hpp"

namespace corun::oci {
namespace {

std::optional<NumberRange> parse_range(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto first = parse_number<std::uint32_t>(text.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : parse_number<std::uint32_t>(text.substr(dash + 1));
    if (!first || !last || *first > *last || *last > kMaxListedNumber) {
        return std::nullopt;
    }
    return NumberRange{.first = *first, .last = *last};
}

}  // namespace

std::optional<std::vector<NumberRange>> parse_number_list(std::string_view text) {
    std::vector<NumberRange> ranges;
    for (const std::string_view part : split(text, ',')) {
        const std::string_view trimmed = trim(part);
        if (trimmed.empty()) {
            continue;
        }
        const std::optional<NumberRange> range = parse_range(trimmed);
        if (!range) {
            return std::nullopt;
        }
        ranges.push_back(*range);
    }
    return ranges;
}

}  // namespace corun::oci
