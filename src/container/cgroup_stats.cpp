// Reading a cgroup's statistics. Parent side.
#include "corun/container/cgroup_stats.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace corun::container {

namespace {

/// The files of one cgroup, some of which may be missing, or vanish with it.
class StatFiles {
public:
    explicit StatFiles(sys::FdRef cgroup) : cgroup_(cgroup) {}

    [[nodiscard]] std::optional<std::string> text(const std::string& file) const {
        try {
            return sys::try_read_file(cgroup_, file);
        } catch (const Error& error) {
            // Gone meanwhile, or (EOPNOTSUPP) pressure is switched off: boot option psi=0.
            if (error.error_number() == ENODEV || error.error_number() == EOPNOTSUPP) {
                return std::nullopt;
            }
            throw;
        }
    }

    /// `max` and a missing file are none.
    [[nodiscard]] std::optional<std::uint64_t> number(const std::string& file) const {
        return parse_number<std::uint64_t>(trim(text(file).value_or("")));
    }

    [[nodiscard]] std::optional<Pressure> pressure(const std::string& file) const {
        return parse_pressure(text(file).value_or(""));
    }

    [[nodiscard]] std::vector<std::string> names() const {
        const std::optional<sys::UniqueFd> directory =
            sys::try_openat(cgroup_, ".", O_RDONLY | O_DIRECTORY);
        return directory ? sys::list_directory(*directory) : std::vector<std::string>();
    }

private:
    sys::FdRef cgroup_;
};

/// `NAME=NUMBER` words into counters.
void add_assignments(const std::vector<std::string_view>& words, Counters& out) {
    for (const std::string_view word : words) {
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos) {
            continue;
        }
        if (const auto number = parse_number<std::uint64_t>(word.substr(equals + 1))) {
            out[std::string(word.substr(0, equals))] = *number;
        }
    }
}

PressureShares parse_shares(const std::vector<std::string_view>& words) {
    PressureShares shares;
    for (const std::string_view word : words) {
        const std::size_t equals = std::min(word.find('='), word.size());
        const std::string_view value = word.substr(std::min(equals + 1, word.size()));
        const std::string_view name = word.substr(0, equals);
        if (name == "total") {
            shares.total_us = parse_number<std::uint64_t>(value).value_or(0);
        } else if (name == "avg10") {
            shares.avg10 = parse_decimal(value).value_or(0);
        } else if (name == "avg60") {
            shares.avg60 = parse_decimal(value).value_or(0);
        } else if (name == "avg300") {
            shares.avg300 = parse_decimal(value).value_or(0);
        }
    }
    return shares;
}

CpuStats cpu_stats(const StatFiles& files, std::string_view cpu_stat) {
    const Counters counters = parse_counters(cpu_stat);
    return {
        .usage_us = count_of(counters, "usage_usec"),
        .user_us = count_of(counters, "user_usec"),
        .system_us = count_of(counters, "system_usec"),
        .periods = count_of(counters, "nr_periods"),
        .throttled_periods = count_of(counters, "nr_throttled"),
        .throttled_us = count_of(counters, "throttled_usec"),
        .pressure = files.pressure("cpu.pressure"),
    };
}

/// `name` is "memory" or "memory.swap".
std::optional<MemoryUse> memory_use(const StatFiles& files, const std::string& name) {
    const std::optional<std::uint64_t> current = files.number(name + ".current");
    if (!current) {
        return std::nullopt;
    }
    return MemoryUse{
        .current = *current,
        .limit = files.number(name + ".max"),
        .peak = files.number(name + ".peak").value_or(0),
    };
}

std::optional<MemoryStats> memory_stats(const StatFiles& files) {
    const std::optional<MemoryUse> memory = memory_use(files, "memory");
    if (!memory) {
        return std::nullopt;
    }
    return MemoryStats{
        .memory = *memory,
        .swap = memory_use(files, "memory.swap"),
        .details = parse_counters(files.text("memory.stat").value_or("")),
        .events = parse_counters(files.text("memory.events").value_or("")),
        .pressure = files.pressure("memory.pressure"),
    };
}

std::optional<PidsStats> pids_stats(const StatFiles& files) {
    const std::optional<std::uint64_t> current = files.number("pids.current");
    if (!current) {
        return std::nullopt;
    }
    return PidsStats{.current = *current, .limit = files.number("pids.max")};
}

/// The size in `hugetlb.2MB.current`; nothing for other names.
std::optional<std::string> huge_page_size(std::string_view file) {
    constexpr std::string_view kBefore = "hugetlb.";
    constexpr std::string_view kAfter = ".current";
    if (!file.starts_with(kBefore) || !file.ends_with(kAfter) || file.ends_with(".rsvd.current")) {
        return std::nullopt;
    }
    return std::string(file.substr(kBefore.size(), file.size() - kBefore.size() - kAfter.size()));
}

std::map<std::string, HugePageStats> huge_page_stats(const StatFiles& files) {
    std::map<std::string, HugePageStats> out;
    for (const std::string& name : files.names()) {
        const std::optional<std::string> size = huge_page_size(name);
        if (!size) {
            continue;
        }
        const std::string prefix = concat("hugetlb.", *size);
        // Reservations are what runs out first; Linux 5.7.
        std::optional<std::uint64_t> reserved = files.number(prefix + ".rsvd.current");
        if (!reserved) {
            reserved = files.number(name);
        }
        const Counters events = parse_counters(files.text(prefix + ".events").value_or(""));
        out[*size] = {.reserved_bytes = reserved.value_or(0), .failures = count_of(events, "max")};
    }
    return out;
}

}  // namespace

std::optional<CgroupStats> try_read_stats(sys::FdRef cgroup) {
    const StatFiles files(cgroup);
    // Of the core: every cgroup that exists has it.
    const std::optional<std::string> cpu_stat = files.text("cpu.stat");
    if (!cpu_stat) {
        return std::nullopt;
    }
    return CgroupStats{
        .cpu = cpu_stats(files, *cpu_stat),
        .cpus = std::string(trim(files.text("cpuset.cpus.effective").value_or(""))),
        .memory_nodes = std::string(trim(files.text("cpuset.mems.effective").value_or(""))),
        .memory = memory_stats(files),
        .pids = pids_stats(files),
        .block_devices = parse_io_stat(files.text("io.stat").value_or("")),
        .io_pressure = files.pressure("io.pressure"),
        .huge_pages = huge_page_stats(files),
        .rdma = parse_rdma(files.text("rdma.current").value_or("")),
    };
}

std::uint64_t count_of(const Counters& counters, std::string_view name) {
    const auto found = counters.find(name);
    return found == counters.end() ? 0 : found->second;
}

Counters parse_counters(std::string_view text) {
    Counters out;
    for (const std::string_view line : split(text, '\n')) {
        const std::size_t blank = line.find(' ');
        if (blank == std::string_view::npos) {
            continue;
        }
        if (const auto number = parse_number<std::uint64_t>(line.substr(blank + 1))) {
            out[std::string(line.substr(0, blank))] = *number;
        }
    }
    return out;
}

std::optional<Pressure> parse_pressure(std::string_view text) {
    Pressure pressure;
    bool found = false;
    for (const std::string_view line : split(text, '\n')) {
        const std::vector<std::string_view> words = split(line, ' ');
        if (words.front() == "some") {
            pressure.some = parse_shares(words);
            found = true;
        } else if (words.front() == "full") {
            pressure.full = parse_shares(words);
            found = true;
        }
    }
    return found ? std::optional(pressure) : std::nullopt;
}

std::vector<BlockDeviceStats> parse_io_stat(std::string_view text) {
    std::vector<BlockDeviceStats> out;
    for (const std::string_view line : split(text, '\n')) {
        const std::vector<std::string_view> words = split(line, ' ');
        const std::vector<std::string_view> numbers = split(words.front(), ':');
        if (numbers.size() != 2) {
            continue;
        }
        const auto major = parse_number<std::uint32_t>(numbers[0]);
        const auto minor = parse_number<std::uint32_t>(numbers[1]);
        if (major && minor) {
            BlockDeviceStats device{.major = *major, .minor = *minor, .counters = {}};
            add_assignments(words, device.counters);
            out.push_back(std::move(device));
        }
    }
    return out;
}

std::map<std::string, Counters> parse_rdma(std::string_view text) {
    std::map<std::string, Counters> out;
    for (const std::string_view line : split(text, '\n')) {
        const std::vector<std::string_view> words = split(line, ' ');
        if (!words.front().empty()) {
            add_assignments(words, out[std::string(words.front())]);
        }
    }
    return out;
}

}  // namespace corun::container
