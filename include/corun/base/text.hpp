// Text helpers that GCC 12's library lacks or makes heavy (<format>, streams). Pure functions.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun {

/// A piece of text for concat(): anything that converts to string_view, or an integer.
class TextPiece {
public:
    // NOLINTNEXTLINE(google-explicit-constructor): a piece *is* the text
    TextPiece(const char* text) : view_(text) {}

    // NOLINTNEXTLINE(google-explicit-constructor): as above
    TextPiece(std::string_view text) : view_(text) {}

    // NOLINTNEXTLINE(google-explicit-constructor): as above
    TextPiece(const std::string& text) : view_(text) {}

    template <std::integral Number>
    TextPiece(Number number) {  // NOLINT(google-explicit-constructor): as above
        const auto result = std::to_chars(digits_, digits_ + sizeof digits_, number);
        length_ = static_cast<std::size_t>(result.ptr - digits_);
    }

    [[nodiscard]] std::string_view view() const {
        return length_ == 0 ? view_ : std::string_view(digits_, length_);
    }

private:
    std::string_view view_;
    char digits_[24] = {};
    std::size_t length_ = 0;
};

[[nodiscard]] std::string concat_pieces(std::initializer_list<TextPiece> pieces);

/// concat("pid ", 7, ": ", name): one allocation, no locale.
template <class... Pieces>
[[nodiscard]] std::string concat(const Pieces&... pieces) {
    return concat_pieces({TextPiece(pieces)...});
}

/// 'text' in single quotes, control characters and quotes escaped so that it stays on one line.
[[nodiscard]] std::string quote(std::string_view text);

/// "text" in double quotes, escaped likewise; for values taken from a document.
[[nodiscard]] std::string double_quote(std::string_view text);

/// A JSON string literal with its quotes. What is not UTF-8 becomes U+FFFD, so the document stays
/// valid whatever bytes a file name has.
[[nodiscard]] std::string json_string(std::string_view text);

/// A JSON array of them.
[[nodiscard]] std::string json_strings(const std::vector<std::string>& texts);

/// Splits at each separator; "a,,b" has three parts and "" has one.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// Without leading and trailing blanks, tabs and newlines.
[[nodiscard]] std::string_view trim(std::string_view text);

[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string to_upper(std::string_view text);

/// The whole of `text` as a number in `base`; nothing if anything else is in it or it does not fit.
template <std::integral Number>
[[nodiscard]] std::optional<Number> parse_number(std::string_view text, int base = 10) {
    Number value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (result.ec != std::errc() || result.ptr != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

/// As parse_number(), for `0.25`.
[[nodiscard]] std::optional<double> parse_decimal(std::string_view text);

}  // namespace corun
