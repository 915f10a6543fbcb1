// The `hooks` section; config.md#posix-platform-hooks.
// Runs in the parent; pure.
#include "corun/oci/read_sections.hpp"

namespace corun::oci {
static void read_value(JsonValue value, Hook& out) {
    out.path = read_absolute_path(value.require("path"));
    read_optional(value, "args", out.args);
    read_optional(value, "env", out.env);
    if (const auto timeout = value.find("timeout")) {
        constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
        out.timeout_seconds = static_cast<std::int32_t>(timeout->whole_number(1, kMost));
    }
}

void read_value(JsonValue value, Hooks& out) {
    for (const auto& [name, hooks] : kHookNames) {
        read_optional(value, name, out.*hooks);
    }
}

}  // namespace corun::oci
