// Findings of `check`. Pure.
#include "corun/container/findings.hpp"

#include <algorithm>

namespace corun::container {

namespace {

/// `/mounts/0: mount '/x': …` without its first clause.
std::string_view without_pointer(std::string_view message) {
    const std::size_t end = message.find(": ");
    const bool has_pointer = message.starts_with('/') && end != std::string_view::npos;
    return has_pointer ? message.substr(end + 2) : message;
}

}  // namespace

Findings::Findings(std::vector<oci::Problem> problems) : problems_(std::move(problems)) {
    for (const oci::Problem& problem : problems_) {
        list_.push_back({Severity::error, problem.pointer, problem.reason});
    }
}

void Findings::add(Severity severity, std::string_view pointer, std::string_view reason) {
    const bool follows =
        std::any_of(problems_.begin(), problems_.end(), [&](const oci::Problem& problem) {
            return oci::lies_within(pointer, problem.pointer) ||
                   (!pointer.empty() && oci::lies_within(problem.pointer, pointer));
        });
    if (!follows) {
        list_.push_back({severity, std::string(pointer), std::string(reason)});
    }
}

void Findings::add(Severity severity, std::string_view pointer, const Error& error) {
    add(severity, pointer, without_pointer(error.what()));
}

std::size_t Findings::count(Severity severity) const {
    return static_cast<std::size_t>(std::count_if(
        list_.begin(),
        list_.end(),
        [severity](const Finding& finding) { return finding.severity == severity; }
    ));
}

}  // namespace corun::container
