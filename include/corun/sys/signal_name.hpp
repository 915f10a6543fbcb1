// Signals by name and number, as kill(1) takes them.
#pragma once

#include <optional>
#include <string_view>

namespace corun::sys {

/// `9`, `KILL`, `SIGKILL`, `sigkill`, `RTMIN+3`, `RTMAX-1`; 0 (sent to look whether the process is
/// there) only as a number. Nothing for what is no signal.
[[nodiscard]] std::optional<int> parse_signal(std::string_view text);

}  // namespace corun::sys
