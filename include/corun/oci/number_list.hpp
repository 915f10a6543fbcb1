// The kernel's notation for sets of CPUs and memory nodes, `0-3,7`; pure text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace corun::oci {

/// `last` is included and not less than `first`.
struct NumberRange {
    std::uint32_t first = 0;
    std::uint32_t last = 0;

    bool operator==(const NumberRange&) const = default;
};

/// No CPU or node number is larger than this; bounds what a mask made from a list can cost.
inline constexpr std::uint32_t kMaxListedNumber = 65535;

/// The ranges in the order given; nothing if the text has another form. Blanks around a part are
/// allowed, and so are empty parts (`0-3,`), as runc does; an empty text is an empty list.
[[nodiscard]] std::optional<std::vector<NumberRange>> parse_number_list(std::string_view text);

}  // namespace corun::oci
