// A value with its D-Bus type, and a unit's property, which is a name with such a value. Pure data:
// container/bus puts it into messages, container/gvariant_text reads it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace corun::container {

/// `content` holds what `signature` says: bool for b, int64 for n i x, uint64 for y q u t, double
/// for d, a string for s o g, the elements for arrays and structures, the one content for v.
struct DbusValue {
    std::string signature;  // one complete type: "t", "as", "(st)"
    std::variant<bool, std::int64_t, std::uint64_t, double, std::string, std::vector<DbusValue>>
        content;

    bool operator==(const DbusValue&) const = default;
};

/// A property of a systemd unit.
struct UnitProperty {
    std::string name;
    DbusValue value;

    bool operator==(const UnitProperty&) const = default;
};

[[nodiscard]] inline DbusValue dbus_bool(bool value) {
    return {.signature = "b", .content = value};
}

[[nodiscard]] inline DbusValue dbus_uint32(std::uint32_t value) {
    return {.signature = "u", .content = std::uint64_t{value}};
}

[[nodiscard]] inline DbusValue dbus_uint64(std::uint64_t value) {
    return {.signature = "t", .content = value};
}

[[nodiscard]] inline DbusValue dbus_string(std::string value) {
    return {.signature = "s", .content = std::move(value)};
}

[[nodiscard]] inline DbusValue dbus_variant(DbusValue value) {
    return {.signature = "v", .content = std::vector{std::move(value)}};
}

/// `type` is that of an element.
[[nodiscard]] inline DbusValue dbus_array(std::string_view type, std::vector<DbusValue> elements) {
    return {.signature = "a" + std::string(type), .content = std::move(elements)};
}

}  // namespace corun::container
