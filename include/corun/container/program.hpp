// Running a program of the host to its end: hooks, newuidmap. Parent side. It gets a session of its
// own, so that it can be killed with all it has started.
#pragma once

#include "corun/async/task.hpp"
#include "corun/sys/pidfd.hpp"
#include "corun/sys/spawn.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace corun::container {

/// How a program ended.
struct ProgramEnd {
    sys::ExitStatus status;
    /// Set if it was killed for that: how long it was given.
    std::optional<std::chrono::seconds> exceeded;
    std::string last_line;  // of what it printed, if that was kept

    [[nodiscard]] bool success() const { return !exceeded && status.success(); }

    /// `exited with status 3: 'no such bridge'`, `killed by signal 9`, `timed out after 5 s`.
    [[nodiscard]] std::string text() const;
};

/// Runs it until it has ended, killing its process group after `limit`, and when cancelled. Output
/// whose descriptor is absent in `request` is read, however much it is, and its end kept; a
/// grandchild that holds it open does not delay the return. Throws what spawn() throws.
async::Task<ProgramEnd> run_program(
    sys::SpawnRequest request, std::optional<std::chrono::seconds> limit = std::nullopt
);

}  // namespace corun::container
