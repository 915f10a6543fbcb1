// GVariant's text format, in which annotations give the values of a unit's properties. Pure.
#pragma once

#include "corun/container/dbus_value.hpp"

#include <string_view>

namespace corun::container {

/// Reads one value, as `gdbus call` takes it: `true`, `'text'`, `uint64 5`, `@t 5`, `['a', 'b']`,
/// `[('/dev/null', 'rw')]`. A bare number is an int32, one with a point a double. Throws Error for
/// what is malformed or out of range, and for the types that no property of a unit has
/// (dictionaries, variants, maybe types).
[[nodiscard]] DbusValue parse_gvariant(std::string_view text);

}  // namespace corun::container
