// Reading log records. By hand where they are JSON: a value may hold any character, NUL too, and a
// log has millions of them.
#include "corun/supervise/log_parse.hpp"

#include "corun/base/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace corun::supervise {

namespace {

std::optional<LogStream> stream_of(std::string_view name) {
    for (const LogStream stream : {LogStream::out, LogStream::error}) {
        if (name == name_of(stream)) {
            return stream;
        }
    }
    return std::nullopt;
}

/// The next word, and `text` behind the blank that ends it.
std::string_view take_word(std::string_view& text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

/// TIME STREAM TAGS TEXT, tags separated by colons. (Kubernetes, CRI logging)
std::optional<LogRecord> parse_k8s(std::string_view line) {
    LogRecord record;
    record.time = take_word(line);
    const std::optional<LogStream> stream = stream_of(take_word(line));
    const std::string_view tag = split(take_word(line), ':').front();
    if (!stream || (tag != "F" && tag != "P")) {
        return std::nullopt;
    }
    record.stream = *stream;
    record.ends_line = tag == "F";
    record.text = line;
    return record;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        add(code);
    } else if (code < 0x800) {
        add(0xC0U | code >> 6U);
        add(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        add(0xE0U | code >> 12U);
        add(0x80U | (code >> 6U & 0x3FU));
        add(0x80U | (code & 0x3FU));
    } else {
        add(0xF0U | code >> 18U);
        add(0x80U | (code >> 12U & 0x3FU));
        add(0x80U | (code >> 6U & 0x3FU));
        add(0x80U | (code & 0x3FU));
    }
}

/// One object whose values are strings; others are passed over.
class JsonLine {
public:
    JsonLine(std::string_view text, std::string& scratch) : text_(text), scratch_(scratch) {
        scratch_.clear();
        scratch_.reserve(text.size());  // so that views of it stay: no value gets longer
    }

    std::optional<LogRecord> parse() {
        LogRecord record;
        bool has_text = false;
        std::optional<LogStream> stream;
        if (!skip('{')) {
            return std::nullopt;
        }
        do {
            const std::optional<std::string_view> name = string();
            if (!name || !skip(':')) {
                return std::nullopt;
            }
            const std::optional<std::string_view> value = string();
            if (!value && !skip_value()) {
                return std::nullopt;
            }
            if (value && *name == "log") {
                record.text = *value;
                has_text = true;
            } else if (value && *name == "stream") {
                stream = stream_of(*value);
            } else if (value && *name == "time") {
                record.time = *value;
            }
        } while (skip(','));
        if (!skip('}') || !has_text || !stream || record.time.empty()) {
            return std::nullopt;
        }
        record.stream = *stream;
        record.ends_line = record.text.ends_with('\n');
        record.text.remove_suffix(record.ends_line ? 1 : 0);
        return record;
    }

private:
    bool skip(char wanted) {
        if (!text_.starts_with(wanted)) {
            return false;
        }
        text_.remove_prefix(1);
        return true;
    }

    /// Numbers and words, and objects with nothing in them that has brackets or quotes of its own.
    bool skip_value() {
        int depth = 0;
        for (std::size_t i = 0; i < text_.size(); ++i) {
            const char byte = text_[i];
            if (depth == 0 && (byte == ',' || byte == '}')) {
                text_.remove_prefix(i);
                return i > 0;
            }
            depth += byte == '{' || byte == '[' ? 1 : 0;
            depth -= byte == '}' || byte == ']' ? 1 : 0;
        }
        return false;
    }

    std::optional<std::uint32_t> hexadecimal() {
        constexpr std::size_t kDigits = 4;
        const auto code = parse_number<std::uint32_t>(text_.substr(0, kDigits), 16);
        text_.remove_prefix(std::min(kDigits, text_.size()));
        return code;
    }

    /// Behind `\u`.
    bool take_code() {
        std::optional<std::uint32_t> code = hexadecimal();
        if (!code) {
            return false;
        }
        if (*code >= 0xD800 && *code < 0xDC00 && text_.starts_with("\\u")) {
            text_.remove_prefix(2);
            const std::optional<std::uint32_t> low = hexadecimal();
            if (!low || *low < 0xDC00 || *low > 0xDFFF) {
                return false;
            }
            code = 0x10000 + ((*code - 0xD800) << 10U) + (*low - 0xDC00);
        }
        append_utf8(scratch_, *code);
        return true;
    }

    /// Behind a backslash.
    bool take_escape() {
        constexpr std::string_view kNames = "\"\\/bfnrt";
        constexpr std::string_view kBytes = "\"\\/\b\f\n\r\t";
        if (text_.empty()) {
            return false;
        }
        const char name = text_.front();
        text_.remove_prefix(1);
        if (name == 'u') {
            return take_code();
        }
        const std::size_t at = kNames.find(name);
        if (at == std::string_view::npos) {
            return false;
        }
        scratch_ += kBytes[at];
        return true;
    }

    /// Nothing if there is none, or it does not end.
    std::optional<std::string_view> string() {
        if (!skip('"')) {
            return std::nullopt;
        }
        const std::size_t start = scratch_.size();
        while (true) {
            const std::size_t end = text_.find_first_of("\"\\");
            if (end == std::string_view::npos) {
                return std::nullopt;
            }
            scratch_ += text_.substr(0, end);
            const bool is_escape = text_[end] == '\\';
            text_.remove_prefix(end + 1);
            if (!is_escape) {
                return std::string_view(scratch_).substr(start);
            }
            if (!take_escape()) {
                return std::nullopt;
            }
        }
    }

    std::string_view text_;
    std::string& scratch_;
};

}  // namespace

std::optional<LogRecord> parse_record(
    LogDriver driver, std::string_view line, std::string& scratch
) {
    return driver == LogDriver::json_file ? JsonLine(line, scratch).parse() : parse_k8s(line);
}

}  // namespace corun::supervise
