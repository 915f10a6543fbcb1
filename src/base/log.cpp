// Log records as lines. Pure but for the clock.
#include "corun/base/log.hpp"

#include "corun/base/text.hpp"
#include "corun/base/timestamp.hpp"

#include <array>
#include <utility>

namespace corun {

namespace {

constexpr std::array<std::string_view, 4> kLevelNames{"debug", "info", "warning", "error"};

std::string plain_line(LogLevel level, std::string_view message) {
    // An error needs no label: it is what the command has to say.
    if (level == LogLevel::error) {
        return concat("corun: ", message, "\n");
    }
    return concat("corun: ", name_of(level), ": ", message, "\n");
}

}  // namespace

std::string_view name_of(LogLevel level) {
    return kLevelNames.at(static_cast<std::size_t>(level));
}

std::optional<LogLevel> parse_log_level(std::string_view name) {
    if (name == "warn") {
        return LogLevel::warning;
    }
    for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
        if (kLevelNames.at(i) == name) {
            return static_cast<LogLevel>(i);
        }
    }
    return std::nullopt;
}

std::string format_record(
    LogFormat format,
    LogLevel level,
    std::string_view message,
    std::chrono::system_clock::time_point when
) {
    switch (format) {
        case LogFormat::plain:
            return plain_line(level, message);
        case LogFormat::text:
            return concat(
                "time=\"",
                rfc3339(when),
                "\" level=",
                name_of(level),
                " msg=",
                double_quote(message),
                "\n"
            );
        case LogFormat::json:
            return concat(
                R"({"level":")",
                name_of(level),
                R"(","msg":)",
                json_string(message),
                R"(,"time":")",
                rfc3339(when),
                "\"}\n"
            );
    }
    return {};
}

Log::Log(LogLevel threshold, LogFormat format, Sink sink)
    : threshold_(threshold), format_(format), sink_(std::move(sink)) {}

void Log::write(LogLevel level, std::string_view message) const {
    if (takes(level)) {
        sink_(format_record(format_, level, message, std::chrono::system_clock::now()));
    }
}

}  // namespace corun
