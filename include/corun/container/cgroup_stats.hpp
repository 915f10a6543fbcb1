// What the kernel has counted for a cgroup: processor, memory, processes, block IO, huge pages,
// RDMA, pressure. Parent side; only reads. The units are the kernel's.
#pragma once

#include "corun/sys/fd.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

/// `usage_usec 5` and the like, by name.
using Counters = std::map<std::string, std::uint64_t, std::less<>>;

/// Share of time, in percent, in which something had to wait, over the last 10, 60 and 300 seconds.
struct PressureShares {
    double avg10 = 0;
    double avg60 = 0;
    double avg300 = 0;
    std::uint64_t total_us = 0;

    bool operator==(const PressureShares&) const = default;
};

/// Pressure stall information: some tasks waited, or all of them at the same time.
struct Pressure {
    PressureShares some;
    PressureShares full;

    bool operator==(const Pressure&) const = default;
};

struct CpuStats {
    std::uint64_t usage_us = 0;
    std::uint64_t user_us = 0;
    std::uint64_t system_us = 0;
    std::uint64_t periods = 0;
    std::uint64_t throttled_periods = 0;
    std::uint64_t throttled_us = 0;
    std::optional<Pressure> pressure;
};

/// Bytes.
struct MemoryUse {
    std::uint64_t current = 0;
    std::optional<std::uint64_t> limit;  // nothing: unlimited
    std::uint64_t peak = 0;              // 0: this kernel does not count it
};

struct MemoryStats {
    MemoryUse memory;
    std::optional<MemoryUse> swap;  // without memory; nothing: the kernel has no swap accounting
    Counters details;               // memory.stat
    Counters events;                // memory.events: low, high, max, oom, oom_kill, ...
    std::optional<Pressure> pressure;
};

struct PidsStats {
    std::uint64_t current = 0;
    std::optional<std::uint64_t> limit;  // nothing: unlimited
};

struct BlockDeviceStats {
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    Counters counters;  // rbytes, wbytes, rios, wios, dbytes, dios
};

struct HugePageStats {
    std::uint64_t reserved_bytes = 0;  // in use or promised
    std::uint64_t failures = 0;
};

/// What each controller knows; nothing, or empty, where the cgroup does not have it.
struct CgroupStats {
    CpuStats cpu;
    std::string cpus;  // a list such as 0-3
    std::string memory_nodes;
    std::optional<MemoryStats> memory;
    std::optional<PidsStats> pids;
    std::vector<BlockDeviceStats> block_devices;
    std::optional<Pressure> io_pressure;
    std::map<std::string, HugePageStats> huge_pages;  // by size: 2MB
    std::map<std::string, Counters> rdma;             // by device: hca_handle, hca_object
};

/// Nothing if the cgroup is gone.
[[nodiscard]] std::optional<CgroupStats> try_read_stats(sys::FdRef cgroup);

// The pure parts. What they do not know they pass over: newer kernels say more.

/// Lines of `NAME NUMBER`.
[[nodiscard]] Counters parse_counters(std::string_view text);

/// 0 if it is not among them.
[[nodiscard]] std::uint64_t count_of(const Counters& counters, std::string_view name);

/// Nothing if it is not the text of a pressure file.
[[nodiscard]] std::optional<Pressure> parse_pressure(std::string_view text);

/// io.stat: lines of `MAJOR:MINOR NAME=NUMBER...`.
[[nodiscard]] std::vector<BlockDeviceStats> parse_io_stat(std::string_view text);

/// rdma.current: lines of `DEVICE NAME=NUMBER...`.
[[nodiscard]] std::map<std::string, Counters> parse_rdma(std::string_view text);

}  // namespace corun::container
