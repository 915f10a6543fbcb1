// Records of a log file, read back. Pure; the other direction of supervise/log_record.
#pragma once

#include "corun/supervise/log_record.hpp"
#include "corun/supervise/policy.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace corun::supervise {

/// A record; its texts are valid as long as the line and the scratch space it was parsed with.
struct LogRecord {
    std::string_view time;
    LogStream stream = LogStream::out;
    std::string_view text;  // without a newline at its end
    bool ends_line = true;  // false: the stream's next record goes on with the line
};

/// `line` is without its newline. Nothing for what is no record, such as one that a crash of the
/// machine has torn. Of json-file, docker's records are understood as well.
[[nodiscard]] std::optional<LogRecord> parse_record(
    LogDriver driver, std::string_view line, std::string& scratch
);

}  // namespace corun::supervise
