// What `--timings` prints.
#pragma once

#include "corun/sys/timeline.hpp"

#include <span>
#include <string>

namespace corun::cli {

/// One line a part, with its beginning and length in microseconds and a bar at its place in the
/// whole, the child's parts indented; the last line has the sum.
[[nodiscard]] std::string waterfall(std::span<const sys::Timeline::Span> spans);

}  // namespace corun::cli
