// Times, sizes and shares as people read them in tables. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace corun::cli {

/// The two largest units: `850ms`, `12s`, `3m05s`, `2h10m`, `4d03h`.
[[nodiscard]] std::string readable_duration(std::chrono::milliseconds duration);

/// Three digits and a unit of 1024: `0B`, `999B`, `1.21KiB`, `35.0MiB`.
[[nodiscard]] std::string readable_size(std::uint64_t bytes);

/// One digit after the point: `0.3`.
[[nodiscard]] std::string readable_tenths(double value);

}  // namespace corun::cli
