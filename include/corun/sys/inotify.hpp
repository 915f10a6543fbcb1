// inotify(7), as far as it is needed: that something happened, not what.
#pragma once

#include "corun/sys/fd.hpp"

#include <cstdint>
#include <string>

namespace corun::sys {

/// One instance; of these a user has few, so one serves many watches.
class Inotify {
public:
    Inotify();

    /// Adds a watch for the events `mask` (IN_…), or changes the one there is. False if the path is
    /// absent, no directory where IN_ONLYDIR asks for one, or there are no more watches to be had.
    bool try_watch(const std::string& path, std::uint32_t mask);

    /// Readable when something has happened.
    [[nodiscard]] FdRef fd() const { return fd_; }

    /// Reads all there is to read, so that fd() is readable only at the next event.
    void drain();

private:
    UniqueFd fd_;
};

}  // namespace corun::sys
