// What `corun logs` does: finds the log of a supervised container, reads it, and follows it until
// the container stays stopped. Needs no supervisor to be there. In the command.
#pragma once

#include "corun/async/task.hpp"
#include "corun/supervise/log_reader.hpp"
#include "corun/supervise/policy.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace corun::supervise {

/// What the supervisor says about a container's log, in the unit's file.
struct LoggedUnit {
    std::string path;  // empty: the driver writes no file
    LogDriver driver = LogDriver::k8s_file;
    bool is_over = false;  // stopped or failed: nothing is written until it is started again
};

/// Nothing if no container of that name is supervised. Throws Error if its file cannot be read.
[[nodiscard]] std::optional<LoggedUnit> find_logged_unit(
    std::string_view root, std::string_view id
);

/// Reads on as records come, also after rotations, until the container is over or no longer
/// supervised and all is read. `flush` is called when there is nothing more for now.
[[nodiscard]] async::Task<> follow_log(
    std::string root, std::string id, LogReader* reader, std::function<void()> flush
);

}  // namespace corun::supervise
