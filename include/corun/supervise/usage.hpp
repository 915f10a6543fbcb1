// What a container uses, by the few files of its cgroup that a table or a scrape needs. Parent
// side; only reads. (container/cgroup_stats reads everything, five times as many files.)
#pragma once

#include "corun/container/cgroup_stats.hpp"
#include "corun/sys/fd.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace corun::supervise {

/// Time in which something had to wait, since the cgroup was made.
struct PressureTotals {
    std::uint64_t some_us = 0;
    std::uint64_t full_us = 0;
};

/// What a controller does not count is left out.
struct Usage {
    std::uint64_t cpu_user_us = 0;
    std::uint64_t cpu_system_us = 0;
    std::optional<std::uint64_t> memory_bytes;
    std::optional<std::uint64_t> memory_peak_bytes;
    std::optional<std::uint64_t> processes;
    std::optional<std::uint64_t> read_bytes;  // of block devices
    std::optional<std::uint64_t> written_bytes;
    std::optional<PressureTotals> cpu_pressure;
    std::optional<PressureTotals> memory_pressure;
    std::optional<PressureTotals> io_pressure;

    [[nodiscard]] std::uint64_t cpu_us() const { return cpu_user_us + cpu_system_us; }
};

/// `path` is below the cgroup2 mount, whose directory is `mount`. Nothing if the cgroup is gone.
[[nodiscard]] std::optional<Usage> try_read_usage(sys::FdRef mount, const std::string& path);

/// As try_read_usage(), but only processor time and memory: two files.
[[nodiscard]] std::optional<Usage> try_read_short_usage(sys::FdRef mount, const std::string& path);

}  // namespace corun::supervise
