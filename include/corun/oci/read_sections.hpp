// read_value() for the sections of the spec, and the small checks they share; behind read_spec().
// Each section's code is in src/oci/read_<section>.cpp; readers of the structs inside it are static
// there, not in an unnamed namespace, in which the templates of json_reader.hpp would not find
// them. Pure; rules over one property only, those over several are in validate.
#pragma once

#include "corun/oci/json_reader.hpp"
#include "corun/oci/names.hpp"
#include "corun/oci/spec.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace corun::oci {

// read_process.cpp
void read_value(JsonValue value, Process& out);
// read_mounts.cpp
void read_value(JsonValue value, Mount& out);
void read_value(JsonValue value, IdMapping& out);
// read_hooks.cpp
void read_value(JsonValue value, Hooks& out);
// read_linux.cpp
void read_value(JsonValue value, Linux& out);
// read_resources.cpp
void read_value(JsonValue value, Resources& out);
// read_seccomp.cpp
void read_value(JsonValue value, Seccomp& out);

/// The string as a path that starts with '/'.
[[nodiscard]] std::string_view read_absolute_path(JsonValue value);

/// A non-empty string.
[[nodiscard]] std::string_view read_filled(JsonValue value);

/// A CPU or node list (`0-3,7`), or an empty string.
[[nodiscard]] std::string_view read_number_list(JsonValue value);

/// The value a table gives to the string; else `unknown <noun> "…"`, and `fallback`.
template <class T, std::size_t Size>
[[nodiscard]] T read_name(
    JsonValue value,
    std::string_view noun,
    const std::array<Named<T>, Size>& table,
    T fallback = T{}
) {
    if (const std::optional<T> found =
            find_name(std::span<const Named<T>>(table), value.string())) {
        return *found;
    }
    value.fail_unknown(noun);
    return fallback;
}

/// An array of names as the union of their bits.
template <class Bits, std::size_t Size>
[[nodiscard]] Bits read_flags(
    JsonValue value, std::string_view noun, const std::array<Named<Bits>, Size>& table
) {
    Bits bits = 0;
    for (const JsonValue element : value.elements()) {
        bits |= read_name(element, noun, table);
    }
    return bits;
}

}  // namespace corun::oci
