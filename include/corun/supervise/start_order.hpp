// The order in which containers start, as far as they ask for one. Pure.
// `after`: it waits until the other is ready, or does not run and will not. `required`: as that,
// and it fails if the other does not run. Stopping goes the other way round.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace corun::supervise {

struct UnitOrder {
    std::string id;
    std::vector<std::string> after;
    std::vector<std::string> required;
};

/// By id, why it cannot start whatever the others do: it waits for itself (`start order: a → b →
/// a`), or requires one that is not there. Takes time in proportion to what is given.
[[nodiscard]] std::map<std::string, std::string, std::less<>> find_order_problems(
    const std::vector<UnitOrder>& units
);

}  // namespace corun::supervise
