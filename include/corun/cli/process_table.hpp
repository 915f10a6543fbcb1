// Which lines of ps(1) are a container's. Pure.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace corun::cli {

/// The header of `table` and the lines whose PID is in `pids` (sorted). Throws Error if the header
/// has no column PID or a line has no number there.
[[nodiscard]] std::string select_processes(std::string_view table, const std::vector<pid_t>& pids);

}  // namespace corun::cli
