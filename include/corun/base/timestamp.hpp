// Times as text, RFC 3339 in UTC. Pure: who asks brings the time.
#pragma once

#include <chrono>
#include <string>

namespace corun {

/// `2026-11-23T05:10:43Z`
[[nodiscard]] std::string rfc3339(std::chrono::system_clock::time_point when);

/// `2026-11-23T05:10:43.017Z`: with nanoseconds, trailing zeros dropped as Go's RFC3339Nano does.
[[nodiscard]] std::string rfc3339_nano(std::chrono::system_clock::time_point when);

}  // namespace corun
