// The formats of log files. Pure, and made for floods: nothing is allocated for a line but what the
// text itself needs.
#include "corun/supervise/log_record.hpp"

#include "corun/base/text.hpp"
#include "corun/base/timestamp.hpp"
#include "corun/oci/json_writer.hpp"

#include <algorithm>

namespace corun::supervise {

namespace {

constexpr std::size_t kNanosecondDigits = 9;

/// `text` is a line with its newline, or a part of one without.
void append_k8s(std::string& out, const LogForm& form, std::string_view text, bool ends) {
    out += form.time;
    out += form.stream == LogStream::out ? " stdout " : " stderr ";
    out += ends ? "F " : "P ";
    out += text;
    if (!ends) {
        out += '\n';
    }
}

/// As docker's: the line's own newline is in it.
void append_json(std::string& out, const LogForm& form, std::string_view text) {
    out += R"({"log":)";
    oci::append_json_string(out, text);
    out += form.stream == LogStream::out ? R"(,"stream":"stdout","time":")"
                                         : R"(,"stream":"stderr","time":")";
    out += form.time;
    out += "\"}\n";
}

}  // namespace

std::string_view name_of(LogStream stream) {
    return stream == LogStream::out ? "stdout" : "stderr";
}

std::string log_time(std::chrono::system_clock::time_point when) {
    const auto since = when.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    const std::string nanoseconds =
        concat(std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count());
    std::string text = rfc3339(std::chrono::system_clock::time_point(seconds));
    text.back() = '.';  // in place of the Z
    text.append(kNanosecondDigits - nanoseconds.size(), '0');
    return concat(text, nanoseconds, "Z");
}

LogPart append_records(
    std::string& out, const LogForm& form, std::string_view bytes, std::size_t limit
) {
    LogPart part;
    while (part.bytes < bytes.size()) {
        const std::string_view rest = bytes.substr(part.bytes);
        const std::size_t newline = rest.find('\n');
        const bool ends = newline != std::string_view::npos;
        const std::string_view text = ends ? rest.substr(0, newline + 1) : rest;
        const std::size_t size_before = out.size();
        if (form.driver == LogDriver::json_file) {
            append_json(out, form, text);
        } else {
            append_k8s(out, form, text, ends);
        }
        if (out.size() > limit && part.bytes > 0) {
            out.resize(size_before);
            break;
        }
        part.bytes += text.size();
        part.lines += ends ? 1 : 0;
        part.in_line = !ends;
    }
    return part;
}

std::size_t torn_character_bytes(std::string_view bytes) {
    constexpr std::size_t kMostBytes = 4;
    for (std::size_t back = 1; back < kMostBytes && back <= bytes.size(); ++back) {
        const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
        if (byte < 0x80) {
            return 0;
        }
        if (byte >= 0xC0) {  // a first byte, which says how many there are
            const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
            return length > back ? back : 0;
        }
    }
    return 0;
}

}  // namespace corun::supervise
