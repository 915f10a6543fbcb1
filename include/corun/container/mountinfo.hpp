// The mounts of a process as /proc/PID/mountinfo tells them (proc_pid_mountinfo(5)). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

struct MountEntry {
    std::uint64_t id = 0;
    std::string device;       // `8:1`
    std::string root;         // which directory or file of that device it shows
    std::string mount_point;  // as the process sees it
    bool readonly = false;    // the mount itself
    std::string type;

    bool operator==(const MountEntry&) const = default;
};

/// Escapes (`\040`) are undone. Throws Error for a line that has not the form.
[[nodiscard]] std::vector<MountEntry> parse_mountinfo(std::string_view text);

/// Null if there is none.
[[nodiscard]] const MountEntry* find_mount(const std::vector<MountEntry>& mounts, std::uint64_t id);

}  // namespace corun::container
