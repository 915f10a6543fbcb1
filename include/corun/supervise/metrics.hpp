// Metrics in the text format of Prometheus. Pure; who serves them brings the values.
// https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include "corun/supervise/model.hpp"
#include "corun/supervise/usage.hpp"
#include "corun/sys/own_usage.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::supervise {

struct ContainerMetrics {
    UnitStatus unit;             // its history is not looked at
    std::optional<Usage> usage;  // nothing: it does not run
};

struct Metrics {
    SupervisorStatus supervisor;
    sys::OwnUsage own;
    std::vector<ContainerMetrics> containers;
};

/// How many families of metrics there are.
[[nodiscard]] std::size_t metric_families();

/// Appends one of them: its help, its type and all its samples. Nothing if it has none. Apart, so
/// that a scrape of thousands of containers can be made in pieces.
void append_family(std::string& out, std::size_t index, const Metrics& metrics);

/// All of them.
[[nodiscard]] std::string metrics_text(const Metrics& metrics);

/// A label's value between its quotes: backslash, quote and newline escaped.
[[nodiscard]] std::string escape_label(std::string_view value);

}  // namespace corun::supervise
