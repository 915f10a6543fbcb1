// The `linux.seccomp` section; config-linux.md#seccomp.
// Runs in the parent; pure: libseccomp is not asked, so that names newer than the library are read.
#include "corun/oci/read_sections.hpp"

namespace corun::oci {
/// A system call has six arguments.
constexpr std::uint64_t kLastArgument = 5;

static void read_value(JsonValue value, SeccompArg& out) {
    out.index = static_cast<std::uint32_t>(value.require("index").natural_number(kLastArgument));
    read_required(value, "value", out.value);
    read_optional(value, "valueTwo", out.value_two);
    out.op = read_name(value.require("op"), "seccomp operator", kSeccompOperatorNames);
}

static void read_value(JsonValue value, SeccompSyscall& out) {
    const JsonValue names = value.require("names");
    read_value(names, out.names);
    if (out.names.empty()) {
        names.fail("at least one system call is required");
    }
    out.action = read_name(value.require("action"), "seccomp action", kSeccompActionNames);
    read_optional(value, "errnoRet", out.errno_ret);
    read_optional(value, "args", out.args);
}

void read_value(JsonValue value, Seccomp& out) {
    out.default_action =
        read_name(value.require("defaultAction"), "seccomp action", kSeccompActionNames);
    read_optional(value, "defaultErrnoRet", out.default_errno_ret);
    if (const auto architectures = value.find("architectures")) {
        for (const JsonValue element : architectures->elements()) {
            out.architectures.emplace_back(
                read_name(element, "seccomp architecture", kSeccompArchNames)
            );
        }
    }
    if (const auto flags = value.find("flags")) {
        out.flags = read_flags(*flags, "seccomp flag", kSeccompFlagNames);
    }
    if (const auto path = value.find("listenerPath"); path && !path->string().empty()) {
        out.listener_path = read_absolute_path(*path);
    }
    read_optional(value, "listenerMetadata", out.listener_metadata);
    read_optional(value, "syscalls", out.syscalls);
}

}  // namespace corun::oci
