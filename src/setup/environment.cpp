// Environment lists as "NAME=value" text.
#include "corun/setup/environment.hpp"

#include <algorithm>
#include <unordered_set>

namespace corun::setup {

namespace {

std::string_view name_of_variable(std::string_view assignment) {
    return assignment.substr(0, assignment.find('='));
}

}  // namespace

std::vector<std::string> payload_environment(const PayloadPlan& payload) {
    std::vector<std::string> out;
    out.reserve(payload.env.size() + 1);
    std::unordered_set<std::string_view> seen;
    // From the end, so that of several values the last is met first.
    for (auto it = payload.env.rbegin(); it != payload.env.rend(); ++it) {
        if (seen.insert(name_of_variable(*it)).second && *it != "HOME=") {
            out.push_back(*it);
        }
    }
    std::reverse(out.begin(), out.end());
    return out;
}

bool needs_home(const std::vector<std::string>& environment) {
    return !find_variable(environment, "HOME");
}

std::optional<std::string_view> find_variable(
    const std::vector<std::string>& environment, std::string_view name
) {
    for (auto it = environment.rbegin(); it != environment.rend(); ++it) {
        const std::string_view assignment = *it;
        if (assignment.find('=') == name.size() && assignment.starts_with(name)) {
            return assignment.substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

}  // namespace corun::setup
