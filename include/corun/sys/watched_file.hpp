// A file of the kernel that says when it has changed: cgroup.events, memory.events, /proc/mounts.
// By poll(2), not inotify: needs no path, no /proc, and none of the few inotify instances a user
// has.
#pragma once

#include "corun/sys/fd.hpp"

#include <optional>
#include <string>

namespace corun::sys {

/// A kernfs file held open and read again and again.
class WatchedFile {
public:
    /// Nothing if absent.
    [[nodiscard]] static std::optional<WatchedFile> try_open(
        FdRef directory, const std::string& name
    );

    /// What it says now; nothing once its directory was removed (ENODEV). At most 4 KiB.
    [[nodiscard]] std::optional<std::string> read() const;

    /// A descriptor that is readable (poll(2), epoll(7)) when the file has changed since the last
    /// read(), or is gone. The kernel joins changes within 10 ms of each other into one.
    [[nodiscard]] FdRef changed();

private:
    explicit WatchedFile(UniqueFd file) : file_(std::move(file)) {}

    UniqueFd file_;
    UniqueFd watch_;
};

}  // namespace corun::sys
