// A recursive descent over GVariant's text format. Pure; the text may come from anybody, so depth
// and ranges are checked.
#include "corun/container/gvariant_text.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace corun::container {

namespace {

constexpr int kDeepest = 16;
constexpr std::string_view kIntegerTypes = "ynqiuxt";
constexpr std::string_view kStringTypes = "sog";
constexpr std::string_view kBasicTypes = "bynqiuxtdsog";

constexpr std::array<std::pair<std::string_view, char>, 12> kTypeWords{{
    {"boolean", 'b'},
    {"byte", 'y'},
    {"int16", 'n'},
    {"uint16", 'q'},
    {"int32", 'i'},
    {"uint32", 'u'},
    {"int64", 'x'},
    {"uint64", 't'},
    {"double", 'd'},
    {"string", 's'},
    {"objectpath", 'o'},
    {"signature", 'g'},
}};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The one complete type at the front of `signature`; empty if there is none.
std::string_view first_type(std::string_view signature, int depth = 0) {
    if (signature.empty() || depth > kDeepest) {
        return {};
    }
    if (kBasicTypes.find(signature.front()) != std::string_view::npos) {
        return signature.substr(0, 1);
    }
    if (signature.front() == 'a') {
        const std::string_view element = first_type(signature.substr(1), depth + 1);
        return element.empty() ? element : signature.substr(0, element.size() + 1);
    }
    if (signature.front() != '(') {
        return {};
    }
    std::size_t length = 1;
    while (length < signature.size() && signature[length] != ')') {
        const std::string_view member = first_type(signature.substr(length), depth + 1);
        if (member.empty()) {
            return {};
        }
        length += member.size();
    }
    return length == 1 || length == signature.size() ? std::string_view()
                                                     : signature.substr(0, length + 1);
}

/// The number of bits and whether there is a sign.
std::pair<int, bool> shape_of(char type) {
    switch (type) {
        case 'y':
            return {8, false};
        case 'n':
            return {16, true};
        case 'q':
            return {16, false};
        case 'i':
            return {32, true};
        case 'u':
            return {32, false};
        case 'x':
            return {64, true};
        default:
            return {64, false};
    }
}

void append_utf8(std::uint32_t code, std::string& out) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0U | (code >> 6U));
        put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        put(0xE0U | (code >> 12U));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    } else {
        put(0xF0U | (code >> 18U));
        put(0x80U | ((code >> 12U) & 0x3FU));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    }
}

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    DbusValue whole() {
        DbusValue value = any({}, 0);
        skip_blanks();
        if (at_ != text_.size()) {
            fail("end of the value expected");
        }
        return value;
    }

private:
    /// `type` is what the value must be; empty: what it looks like.
    DbusValue any(std::string_view type, int depth);
    DbusValue annotated(std::string_view type, int depth);
    DbusValue word(std::string_view type, int depth);
    DbusValue number(std::string_view type);
    DbusValue integer(std::string_view type, std::string_view digits);
    DbusValue quoted(std::string_view type);
    DbusValue array(std::string_view type, int depth);
    DbusValue tuple(std::string_view type, int depth);
    void escape(std::string& out);

    void skip_blanks() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
            ++at_;
        }
    }

    /// The next character that is no blank, without taking it; 0 at the end.
    char peek() {
        skip_blanks();
        return at_ < text_.size() ? text_[at_] : '\0';
    }

    bool take(char c) {
        const bool is_there = peek() == c;
        at_ += is_there ? 1 : 0;
        return is_there;
    }

    template <class Predicate>
    std::string_view take_while(Predicate wanted) {
        const std::size_t begin = at_;
        while (at_ < text_.size() && wanted(text_[at_])) {
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }

    static void require(std::string_view type, std::string_view found) {
        if (!type.empty() && type != found) {
            throw Error(concat("a value of type ", type, " expected, found one of type ", found));
        }
    }

    [[noreturn]] void fail(std::string_view what) const {
        throw Error(concat(what, " at character ", at_ + 1));
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

DbusValue Parser::any(std::string_view type, int depth) {
    if (depth > kDeepest) {
        fail("nested too deep");
    }
    const char next = peek();
    if (next == '@') {
        return annotated(type, depth);
    }
    if (next == '\'' || next == '"') {
        return quoted(type);
    }
    if (next == '[') {
        return array(type, depth);
    }
    if (next == '(') {
        return tuple(type, depth);
    }
    if (is_digit(next) || next == '-' || next == '+' || next == '.') {
        return number(type);
    }
    if (is_word(next)) {
        return word(type, depth);
    }
    fail("a value expected");
}

DbusValue Parser::annotated(std::string_view type, int depth) {
    ++at_;
    const std::string_view given =
        take_while([](char c) { return is_word(c) || c == '(' || c == ')'; });
    // `@(ss)('a','b')`: the value's own parenthesis is not part of the type.
    const std::string_view own = first_type(given);
    if (own.empty()) {
        fail("a type that a property can have expected");
    }
    at_ -= given.size() - own.size();
    require(type, own);
    return any(own, depth + 1);
}

DbusValue Parser::word(std::string_view type, int depth) {
    const std::string_view name = take_while(is_word);
    if (name == "true" || name == "false") {
        require(type, "b");
        return dbus_bool(name == "true");
    }
    const auto* const found = std::find_if(
        kTypeWords.begin(), kTypeWords.end(), [&](const auto& one) { return one.first == name; }
    );
    if (found == kTypeWords.end()) {
        at_ -= name.size();
        fail(concat("unknown word ", quote(name)));
    }
    const std::string own(1, found->second);
    require(type, own);
    return any(own, depth + 1);
}

DbusValue Parser::number(std::string_view type) {
    const std::string_view text =
        take_while([](char c) { return is_word(c) || c == '-' || c == '+' || c == '.'; });
    const bool is_hexadecimal = text.find('x') != std::string_view::npos;
    const bool is_real =
        type == "d" || (!is_hexadecimal && text.find_first_of(".eE") != std::string_view::npos);
    if (!is_real) {
        return integer(type, text);
    }
    require(type, "d");
    double value = 0;
    const std::string_view digits = text.substr(text.starts_with('+') ? 1 : 0);
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (result.ec != std::errc() || result.ptr != digits.data() + digits.size()) {
        fail(concat(quote(text), " is no number"));
    }
    return {.signature = "d", .content = value};
}

DbusValue Parser::integer(std::string_view type, std::string_view digits) {
    const std::string own = type.empty() ? "i" : std::string(type);
    if (own.size() != 1 || kIntegerTypes.find(own) == std::string_view::npos) {
        require(own, "i");
    }
    const std::string_view text = digits;
    const bool is_negative = digits.starts_with('-');
    digits.remove_prefix(is_negative || digits.starts_with('+') ? 1 : 0);
    const bool is_hexadecimal = digits.starts_with("0x");
    const bool is_octal = !is_hexadecimal && digits.size() > 1 && digits.starts_with('0');
    digits.remove_prefix(is_hexadecimal ? 2 : 0);
    const int base = is_hexadecimal ? 16 : (is_octal ? 8 : 10);
    const std::optional<std::uint64_t> magnitude = parse_number<std::uint64_t>(digits, base);
    if (!magnitude) {
        fail(concat(quote(text), " is no number"));
    }
    const auto [bits, is_signed] = shape_of(own.front());
    const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() >>
                               static_cast<unsigned>(64 - bits + (is_signed ? 1 : 0));
    if (*magnitude > most + (is_negative ? 1 : 0) ||
        (is_negative && !is_signed && *magnitude > 0)) {
        fail(concat(text, " is out of the range of type ", own));
    }
    if (!is_signed) {
        return {.signature = own, .content = *magnitude};
    }
    // Two's complement, so that the lowest number is not negated.
    const auto value = static_cast<std::int64_t>(is_negative ? ~*magnitude + 1 : *magnitude);
    return {.signature = own, .content = value};
}

DbusValue Parser::quoted(std::string_view type) {
    const std::string own = type.empty() ? "s" : std::string(type);
    if (own.size() != 1 || kStringTypes.find(own) == std::string_view::npos) {
        require(own, "s");
    }
    const char end = text_[at_++];
    std::string out;
    while (at_ < text_.size() && text_[at_] != end) {
        if (text_[at_] == '\\') {
            ++at_;
            escape(out);
        } else {
            out += text_[at_++];
        }
    }
    if (at_ == text_.size()) {
        fail("the closing quote is missing");
    }
    ++at_;
    if (out.find('\0') != std::string::npos) {
        fail("a NUL in a text");
    }
    return {.signature = own, .content = std::move(out)};
}

/// After the backslash.
void Parser::escape(std::string& out) {
    if (at_ == text_.size()) {
        fail("a character expected after the backslash");
    }
    const char c = text_[at_++];
    constexpr std::string_view kNames = "abfnrtv";
    constexpr std::string_view kValues = "\a\b\f\n\r\t\v";
    if (const std::size_t known = kNames.find(c); known != std::string_view::npos) {
        out += kValues[known];
        return;
    }
    if (c != 'u' && c != 'U') {
        out += c;
        return;
    }
    const std::string_view digits = text_.substr(at_, c == 'u' ? 4 : 8);
    const std::optional<std::uint32_t> code = parse_number<std::uint32_t>(digits, 16);
    const bool is_surrogate = code && *code >= 0xD800 && *code < 0xE000;
    if (!code || *code > 0x10FFFF || is_surrogate || digits.size() != (c == 'u' ? 4U : 8U)) {
        fail("a Unicode character expected");
    }
    append_utf8(*code, out);
    at_ += digits.size();
}

DbusValue Parser::array(std::string_view type, int depth) {
    if (!type.empty() && type.front() != 'a') {
        require(type, "a");
    }
    std::string element = type.empty() ? std::string() : std::string(type.substr(1));
    std::vector<DbusValue> values;
    ++at_;
    while (!take(']')) {
        if (!values.empty() && !take(',')) {
            fail("',' or ']' expected");
        }
        values.push_back(any(element, depth + 1));
        element = values.front().signature;
    }
    if (element.empty()) {
        fail("an empty array has no type of its own (write `@as []`)");
    }
    return dbus_array(element, std::move(values));
}

DbusValue Parser::tuple(std::string_view type, int depth) {
    if (!type.empty() && type.front() != '(') {
        require(type, "(");
    }
    std::string_view members = type.empty() ? type : type.substr(1);
    std::string signature = "(";
    std::vector<DbusValue> values;
    ++at_;
    while (!take(')')) {
        if (!values.empty() && !take(',')) {
            fail("',' or ')' expected");
        }
        if (!values.empty() && take(')')) {
            break;  // `(1,)`
        }
        const std::string_view member = first_type(members);
        if (!type.empty() && member.empty()) {
            fail(concat("more members than type ", type, " has"));
        }
        members.remove_prefix(member.size());
        values.push_back(any(member, depth + 1));
        signature += values.back().signature;
    }
    signature += ")";
    if (values.empty()) {
        fail("a member expected");
    }
    require(type, signature);
    return {.signature = std::move(signature), .content = std::move(values)};
}

}  // namespace

DbusValue parse_gvariant(std::string_view text) {
    return in_context(
        [&] { return concat("value ", quote(text)); }, [&] { return Parser(text).whole(); }
    );
}

}  // namespace corun::container
