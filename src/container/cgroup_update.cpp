// New limits for a cgroup that has some. Parent side; only reads, Cgroup writes.
#include "corun/container/cgroup_update.hpp"

#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace corun::container {

namespace {

/// `max` and a missing file are no number.
std::optional<std::int64_t> first_number(sys::FdRef cgroup, const std::string& file) {
    const std::string text = sys::try_read_file(cgroup, file).value_or("");
    return parse_number<std::int64_t>(split(trim(text), ' ').front());
}

bool is_set(const std::optional<std::int64_t>& value) {
    return value.value_or(0) != 0;
}

void complete_cpu(oci::CpuResources& cpu, const LimitsInForce& now) {
    if (cpu.period_us.value_or(0) != 0 && !is_set(cpu.quota_us)) {
        cpu.quota_us = now.cpu_quota_us;
    }
}

void complete_memory(oci::MemoryResources& memory, const LimitsInForce& now) {
    if (memory.limit.value_or(0) > 0 && !is_set(memory.swap) && now.memory_and_swap_bytes > 0) {
        memory.swap = now.memory_and_swap_bytes;
    } else if (memory.swap.value_or(0) > 0 && !is_set(memory.limit) && now.memory_bytes > 0) {
        memory.limit = now.memory_bytes;
    }
}

/// -1 is more than anything.
bool is_more(std::int64_t limit, std::int64_t than) {
    return than != -1 && (limit == -1 || limit > than);
}

std::vector<LimitWrite>::iterator find_file(
    std::vector<LimitWrite>& writes, std::string_view file
) {
    return std::find_if(writes.begin(), writes.end(), [&](const LimitWrite& write) {
        return write.file == file;
    });
}

/// Files with one line per device, and what a device without a line has.
struct KeyedFile {
    std::string_view name;
    std::string_view initial;
};

constexpr KeyedFile kKeyedFiles[] = {
    {"io.max", "rbps=max wbps=max riops=max wiops=max"},
    {"io.weight", "default"},
    {"io.bfq.weight", "default"},
    {"io.latency", "target=0"},
    {"rdma.max", "hca_handle=max hca_object=max"},
};

const KeyedFile* find_keyed(std::string_view file) {
    for (const KeyedFile& keyed : kKeyedFiles) {
        if (keyed.name == file) {
            return &keyed;
        }
    }
    return nullptr;
}

/// The line of `text` that begins with `key` and a blank; empty if there is none.
std::string_view line_of(std::string_view key, std::string_view text) {
    for (const std::string_view line : split(text, '\n')) {
        if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
            return line;
        }
    }
    return {};
}

}  // namespace

LimitsInForce limits_in_force(sys::FdRef cgroup, std::int64_t memory_and_swap_bytes) {
    return {
        .cpu_quota_us = first_number(cgroup, "cpu.max"),
        .memory_bytes = first_number(cgroup, "memory.max").value_or(-1),
        .memory_and_swap_bytes = memory_and_swap_bytes,
    };
}

oci::Resources complete_update(oci::Resources asked, const LimitsInForce& now) {
    asked.devices.clear();
    complete_cpu(asked.cpu, now);
    complete_memory(asked.memory, now);
    return asked;
}

std::vector<LimitWrite> update_writes(const oci::Resources& completed, const LimitsInForce& now) {
    std::vector<LimitWrite> writes = limit_writes(completed);
    const auto swap = find_file(writes, "memory.swap.max");
    const auto memory = find_file(writes, "memory.max");
    const bool both = swap != writes.end() && memory != writes.end();
    if (both && swap < memory && is_more(*completed.memory.limit, now.memory_bytes)) {
        std::iter_swap(swap, memory);
    }
    return writes;
}

LimitWrite write_to_restore(std::string_view file, std::string_view text, std::string_view value) {
    const KeyedFile* keyed = find_keyed(file);
    const std::size_t blank = value.find(' ');
    const bool has_key = keyed != nullptr && blank != std::string_view::npos;
    LimitWrite write{.property = {}, .file = std::string(file), .value = std::string(trim(text))};
    if (has_key) {
        const std::string_view key = value.substr(0, blank);
        const std::string_view line = line_of(key, text);
        write.value = line.empty() ? concat(key, " ", keyed->initial) : std::string(line);
    } else if (keyed != nullptr) {
        // A value for all devices: the line "default 100".
        write.value = line_of("default", text);
    }
    if (write.value.empty()) {
        write.value = "\n";  // empties a list; a write of no bytes would do nothing
    }
    return write;
}

std::vector<LimitWrite> writes_to_restore(
    sys::FdRef cgroup, const std::vector<LimitWrite>& writes
) {
    std::vector<LimitWrite> out;
    for (const LimitWrite& write : writes) {
        for (const bool other : {false, true}) {
            const std::string& file = other ? write.other_file : write.file;
            if (file.empty()) {
                continue;
            }
            if (const std::optional<std::string> text = sys::try_read_file(cgroup, file)) {
                out.push_back(write_to_restore(file, *text, other ? write.other_value : write.value)
                );
            }
        }
    }
    std::reverse(out.begin(), out.end());
    return out;
}

}  // namespace corun::container
