// Writes JSON text member by member, in the order of the calls; compact or indented.
// Pure. For what corun prints and keeps: state, features, the default config, lists.
#pragma once

#include "corun/oci/spec.hpp"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corun::oci {

/// Calls must nest as JSON does; keys are the caller's to keep distinct.
class JsonWriter {
public:
    /// `indent` is what one level of nesting is moved in by ("  ", "\t"); empty: all on one line.
    explicit JsonWriter(std::string_view indent = {}) : indent_(indent) {}

    void begin_object() { open('{'); }

    void end_object() { close('}'); }

    void begin_array() { open('['); }

    void end_array() { close(']'); }

    /// Inside an object: the name of the value written next.
    void key(std::string_view name);

    void value(std::string_view text);

    void value(const char* text) { value(std::string_view(text)); }

    void value(std::same_as<bool> auto truth) { raw(truth ? "true" : "false"); }

    void value(std::integral auto number) requires(!std::same_as<decltype(number), bool>) {
        if constexpr (std::signed_integral<decltype(number)>) {
            signed_number(number);
        } else {
            unsigned_number(number);
        }
    }

    /// In the shortest form that reads back the same; finite.
    void value(double number);

    void value(const StringMap& map);

    template <class T>
    void value(const std::vector<T>& list) {
        begin_array();
        for (const T& element : list) {
            value(element);
        }
        end_array();
    }

    void null() { raw("null"); }

    template <class T>
    void member(std::string_view name, const T& content) {
        key(name);
        value(content);
    }

    /// The finished text, without a newline at its end.
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    void open(char bracket);
    void close(char bracket);
    void raw(std::string_view text);
    void signed_number(std::int64_t number);
    void unsigned_number(std::uint64_t number);
    void before_value();
    void new_line();

    std::string out_;
    std::string_view indent_;
    std::size_t depth_ = 0;
    /// Nothing was written since the innermost bracket was opened.
    bool first_ = true;
    bool after_key_ = false;
};

/// `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace corun::oci
