// Log: records of what happens, as plain lines, logrus-like text or JSON, one line each.
// Formats only; where the lines go is the owner's matter. Written to by main, the supervisor and
// for what the specification wants warned about; a failure is thrown, never logged instead.
#pragma once

#include "corun/base/scope.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace corun {

enum class LogLevel { debug, info, warning, error };

/// As in `--log-level` and in records. "warn" is taken for warning.
[[nodiscard]] std::string_view name_of(LogLevel level);
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view name);

enum class LogFormat {
    plain,  // `corun: warning: …`, and `corun: …` for an error: for people
    text,   // `time="…" level=error msg="…"`
    json,   // `{"level":"error","msg":"…","time":"…"}`
};

/// One record as a line, newline included.
[[nodiscard]] std::string format_record(
    LogFormat format,
    LogLevel level,
    std::string_view message,
    std::chrono::system_clock::time_point when
);

/// Drops what is below its threshold and hands the rest, formatted, to `sink`.
class Log : NonCopyable {
public:
    /// Is given one whole line; must not throw.
    using Sink = std::function<void(std::string_view line)>;

    Log(LogLevel threshold, LogFormat format, Sink sink);

    void write(LogLevel level, std::string_view message) const;

    /// Whether such a record goes anywhere: for texts that are not made in vain.
    [[nodiscard]] bool takes(LogLevel level) const { return level >= threshold_; }

    void debug(std::string_view message) const { write(LogLevel::debug, message); }

    void info(std::string_view message) const { write(LogLevel::info, message); }

    void warning(std::string_view message) const { write(LogLevel::warning, message); }

    void error(std::string_view message) const { write(LogLevel::error, message); }

private:
    LogLevel threshold_;
    LogFormat format_;
    Sink sink_;
};

}  // namespace corun
