// The options of `update` as resources, and back in what is said of those. Pure.
#pragma once

#include "corun/cli/options.hpp"
#include "corun/oci/spec.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace corun::cli {

/// All options of `update`.
inline constexpr std::array kUpdateOptions{
    Option{
        .name = "resources",
        .letter = "r",
        .argument = "FILE",
        .help = "JSON as linux.resources in a file, or on standard input (-)",
    },
    Option{
        .name = "blkio-weight",
        .letter = "",
        .argument = "WEIGHT",
        .help = "share of block input and output, 10 to 1000",
    },
    Option{
        .name = "cpu-burst",
        .letter = "",
        .argument = "MICROSECONDS",
        .help = "time saved up for a burst beyond the quota",
    },
    Option{
        .name = "cpu-idle",
        .letter = "",
        .argument = "0|1",
        .help = "1: run only when nobody else wants to",
    },
    Option{
        .name = "cpu-period",
        .letter = "",
        .argument = "MICROSECONDS",
        .help = "period of the quota",
    },
    Option{
        .name = "cpu-quota",
        .letter = "",
        .argument = "MICROSECONDS",
        .help = "processor time per period; -1: unlimited",
    },
    Option{
        .name = "cpu-rt-period",
        .letter = "",
        .argument = "MICROSECONDS",
        .help = "not available with cgroup v2",
    },
    Option{
        .name = "cpu-rt-runtime",
        .letter = "",
        .argument = "MICROSECONDS",
        .help = "not available with cgroup v2",
    },
    Option{
        .name = "cpu-share",
        .letter = "",
        .argument = "SHARES",
        .help = "share of processor time, 2 to 262144",
    },
    Option{
        .name = "cpuset-cpus",
        .letter = "",
        .argument = "LIST",
        .help = "processors to run on, such as 0-3,7",
    },
    Option{
        .name = "cpuset-mems",
        .letter = "",
        .argument = "LIST",
        .help = "memory nodes to use",
    },
    Option{
        .name = "kernel-memory",
        .letter = "",
        .argument = "SIZE",
        .help = "ignored",
    },
    Option{
        .name = "kernel-memory-tcp",
        .letter = "",
        .argument = "SIZE",
        .help = "ignored",
    },
    Option{
        .name = "memory",
        .letter = "",
        .argument = "SIZE",
        .help = "limit of memory; -1: unlimited",
    },
    Option{
        .name = "memory-reservation",
        .letter = "",
        .argument = "SIZE",
        .help = "memory that is reclaimed from others first",
    },
    Option{
        .name = "memory-swap",
        .letter = "",
        .argument = "SIZE",
        .help = "limit of memory and swap together; -1: unlimited",
    },
    Option{
        .name = "pids-limit",
        .letter = "",
        .argument = "NUMBER",
        .help = "most processes and threads; -1: unlimited",
    },
    Option{
        .name = "l3-cache-schema",
        .letter = "",
        .argument = "SCHEMA",
        .help = "Intel RDT's L3 cache schema",
    },
    Option{
        .name = "mem-bw-schema",
        .letter = "",
        .argument = "SCHEMA",
        .help = "Intel RDT's memory bandwidth schema",
    },
};

/// Options that say a limit themselves; `--resources` makes them void.
[[nodiscard]] std::vector<std::string_view> limits_given(const Arguments& arguments);

/// What those options ask for. Errors name the option.
[[nodiscard]] oci::Resources resources_from_options(const Arguments& arguments);

/// `error` with the option in place of the JSON pointer it begins with:
/// `/linux/resources/cpu/shares: …` becomes `--cpu-share: …`.
[[nodiscard]] std::string name_options(std::string_view error);

}  // namespace corun::cli
