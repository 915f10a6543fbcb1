// A container's use of processor, memory and devices. Parent side; only reads.
#include "corun/supervise/usage.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

#include <cerrno>

namespace corun::supervise {

namespace {

/// Nothing for a file that is not there, or has gone with the cgroup (ENODEV), or is switched off
/// (EOPNOTSUPP, boot option psi=0).
std::optional<std::string> text_of(sys::FdRef cgroup, const std::string& file) {
    int error_number = 0;
    const sys::UniqueFd fd =
        sys::openat2_nothrow(cgroup, file, O_RDONLY, /*resolve=*/0, error_number);
    if (!fd) {
        return std::nullopt;
    }
    std::string text(4096, '\0');
    std::size_t size = 0;
    while (true) {
        const sys::Transferred got = sys::try_read(fd, text.data() + size, text.size() - size);
        if (got.error_number != 0) {
            return std::nullopt;
        }
        size += got.size;
        if (got.size == 0 || size < text.size()) {
            break;  // kernfs gives all that fits at once
        }
        text.resize(2 * text.size());
    }
    text.resize(size);
    return text;
}

std::optional<std::uint64_t> number_of(sys::FdRef cgroup, const std::string& file) {
    return parse_number<std::uint64_t>(trim(text_of(cgroup, file).value_or("")));
}

std::optional<PressureTotals> pressure_of(sys::FdRef cgroup, const std::string& file) {
    const std::optional<container::Pressure> pressure =
        container::parse_pressure(text_of(cgroup, file).value_or(""));
    if (!pressure) {
        return std::nullopt;
    }
    return PressureTotals{.some_us = pressure->some.total_us, .full_us = pressure->full.total_us};
}

sys::UniqueFd open_cgroup(sys::FdRef mount, const std::string& path) {
    int error_number = 0;
    return sys::openat2_nothrow(
        mount, concat("./", path), O_PATH | O_DIRECTORY, /*resolve=*/0, error_number
    );
}

void add_block_devices(sys::FdRef cgroup, Usage& usage) {
    const std::optional<std::string> text = text_of(cgroup, "io.stat");
    if (!text) {
        return;
    }
    usage.read_bytes = 0;
    usage.written_bytes = 0;
    for (const container::BlockDeviceStats& device : container::parse_io_stat(*text)) {
        *usage.read_bytes += container::count_of(device.counters, "rbytes");
        *usage.written_bytes += container::count_of(device.counters, "wbytes");
    }
}

std::optional<Usage> short_usage_of(sys::FdRef cgroup) {
    // Of the core: every cgroup that exists has it.
    const std::optional<std::string> cpu_stat = text_of(cgroup, "cpu.stat");
    if (!cpu_stat) {
        return std::nullopt;
    }
    const container::Counters cpu = container::parse_counters(*cpu_stat);
    return Usage{
        .cpu_user_us = container::count_of(cpu, "user_usec"),
        .cpu_system_us = container::count_of(cpu, "system_usec"),
        .memory_bytes = number_of(cgroup, "memory.current"),
    };
}

}  // namespace

std::optional<Usage> try_read_short_usage(sys::FdRef mount, const std::string& path) {
    const sys::UniqueFd cgroup = open_cgroup(mount, path);
    return cgroup ? short_usage_of(cgroup) : std::nullopt;
}

std::optional<Usage> try_read_usage(sys::FdRef mount, const std::string& path) {
    const sys::UniqueFd cgroup = open_cgroup(mount, path);
    std::optional<Usage> usage = cgroup ? short_usage_of(cgroup) : std::nullopt;
    if (!usage) {
        return std::nullopt;
    }
    usage->memory_peak_bytes = number_of(cgroup, "memory.peak");
    usage->processes = number_of(cgroup, "pids.current");
    add_block_devices(cgroup, *usage);
    usage->cpu_pressure = pressure_of(cgroup, "cpu.pressure");
    usage->memory_pressure = pressure_of(cgroup, "memory.pressure");
    usage->io_pressure = pressure_of(cgroup, "io.pressure");
    return usage;
}

}  // namespace corun::supervise
