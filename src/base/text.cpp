// Text helpers: bounds-checked, locale-free, pure.
#include "corun/base/text.hpp"

namespace corun {

namespace {

std::string escape_between(std::string_view text, char mark) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out(1, mark);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == mark || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\x";
            out += kHex[byte >> 4U];
            out += kHex[byte & 0xfU];
        } else {
            out += c;
        }
    }
    out += mark;
    return out;
}

constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

std::string concat_pieces(std::initializer_list<TextPiece> pieces) {
    std::size_t size = 0;
    for (const TextPiece& piece : pieces) {
        size += piece.view().size();
    }
    std::string out;
    out.reserve(size);
    for (const TextPiece& piece : pieces) {
        out += piece.view();
    }
    return out;
}

std::string quote(std::string_view text) {
    return escape_between(text, '\'');
}

std::string double_quote(std::string_view text) {
    return escape_between(text, '"');
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    std::size_t begin = 0;
    while (true) {
        const std::size_t end = text.find(separator, begin);
        if (end == std::string_view::npos) {
            parts.push_back(text.substr(begin));
            return parts;
        }
        parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) {
            out += separator;
        }
        out += parts[i];
    }
    return out;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::string to_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return out;
}

std::string to_upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') {
            c = static_cast<char>(c - 'a' + 'A');
        }
    }
    return out;
}

}  // namespace corun
