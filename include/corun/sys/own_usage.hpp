// What this process uses.
#pragma once

#include <chrono>
#include <cstdint>

namespace corun::sys {

struct OwnUsage {
    std::chrono::microseconds user{};
    std::chrono::microseconds system{};
    std::uint64_t resident_bytes = 0;
};

/// getrusage(2), and /proc/self/statm for what is resident now.
[[nodiscard]] OwnUsage own_usage();

}  // namespace corun::sys
