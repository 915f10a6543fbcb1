// JSON text, written in the order of the calls; pure.
#include "corun/oci/json_writer.hpp"

#include "corun/base/text.hpp"

#include <array>
#include <charconv>

namespace corun::oci {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

/// The bytes of the UTF-8 sequence at the start of `text`; 0 if there is no valid one (RFC 3629:
/// no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) {
        return 1;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(text[i])) {
            return 0;
        }
    }
    const auto second = static_cast<unsigned char>(text[1]);
    const bool valid = (lead != 0xe0 || second >= 0xa0) && (lead != 0xed || second < 0xa0) &&
                       (lead != 0xf0 || second >= 0x90) && (lead != 0xf4 || second < 0x90);
    return valid ? length : 0;
}

void append_escaped(std::string& out, char c) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\t':
            out += "\\t";
            break;
        case '\r':
            out += "\\r";
            break;
        default:
            if (byte < 0x20) {
                out += "\\u00";
                out += kHex[byte >> 4U];
                out += kHex[byte & 0xfU];
            } else {
                out += c;
            }
            break;
    }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 1) {
            append_escaped(out, text[0]);
        } else {
            out += length == 0 ? kReplacement : text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    out += '"';
}

void JsonWriter::key(std::string_view name) {
    before_value();
    append_json_string(out_, name);
    out_ += indent_.empty() ? ":" : ": ";
    after_key_ = true;
}

void JsonWriter::value(std::string_view text) {
    before_value();
    append_json_string(out_, text);
}

void JsonWriter::value(const StringMap& map) {
    begin_object();
    for (const auto& [name, text] : map) {
        member(name, text);
    }
    end_object();
}

void JsonWriter::open(char bracket) {
    before_value();
    out_ += bracket;
    ++depth_;
    first_ = true;
}

void JsonWriter::close(char bracket) {
    --depth_;
    if (!first_) {
        new_line();
    }
    out_ += bracket;
    first_ = false;
}

void JsonWriter::raw(std::string_view text) {
    before_value();
    out_ += text;
}

void JsonWriter::signed_number(std::int64_t number) {
    raw(concat(number));
}

void JsonWriter::unsigned_number(std::uint64_t number) {
    raw(concat(number));
}

void JsonWriter::value(double number) {
    std::array<char, 32> digits = {};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    raw(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

void JsonWriter::before_value() {
    if (after_key_) {
        after_key_ = false;
        return;
    }
    if (!first_) {
        out_ += ',';
    }
    first_ = false;
    if (depth_ > 0) {
        new_line();
    }
}

void JsonWriter::new_line() {
    if (indent_.empty()) {
        return;
    }
    out_ += '\n';
    for (std::size_t i = 0; i < depth_; ++i) {
        out_ += indent_;
    }
}

}  // namespace corun::oci
