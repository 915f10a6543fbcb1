// What a container writes, as records of a log. Pure.
#pragma once

#include "corun/supervise/policy.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace corun::supervise {

enum class LogStream : std::uint8_t { out, error };

/// `stdout` or `stderr`.
[[nodiscard]] std::string_view name_of(LogStream stream);

/// `2026-11-23T05:10:43.123456789Z`: always nine digits, so that records can be compared as text.
[[nodiscard]] std::string log_time(std::chrono::system_clock::time_point when);

/// What was put into records: a part of the bytes from the first one on, and the lines that end in
/// it. Whole lines only, unless `in_line`.
struct LogPart {
    std::size_t bytes = 0;
    std::size_t lines = 0;
    bool in_line = false;  // its last line goes on
};

/// How records are written.
struct LogForm {
    LogDriver driver = LogDriver::k8s_file;
    LogStream stream = LogStream::out;
    std::string_view time;
};

/// Appends `bytes` to `out`, a record for each line, until `out` would be larger than `limit`; but
/// one record at least. What comes behind the last newline is a record that says that its line goes
/// on: tagged P (k8s-file, which is the CRI's format), or without the newline at its end
/// (json-file).
LogPart append_records(
    std::string& out, const LogForm& form, std::string_view bytes, std::size_t limit
);

/// How many bytes at the end of `bytes` begin a character of UTF-8 that is not complete: 0 to 3.
[[nodiscard]] std::size_t torn_character_bytes(std::string_view bytes);

}  // namespace corun::supervise
