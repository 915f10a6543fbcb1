// The options in front of the command.
#include "corun/cli/global_options.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/path.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>

namespace corun::cli {

namespace {

constexpr std::array kOptions{
    Option{
        .name = "root",
        .letter = "",
        .argument = "DIR",
        .help = "where the state of containers is kept (default: /run/corun, or\n"
                "                            $XDG_RUNTIME_DIR/corun if not root)",
    },
    Option{
        .name = "log",
        .letter = "",
        .argument = "FILE",
        .help = "append errors and warnings to FILE",
    },
    Option{
        .name = "log-format",
        .letter = "",
        .argument = "text|json",
        .help = "how to write records (default: for people, with --log or --debug as text)",
    },
    Option{
        .name = "log-level",
        .letter = "",
        .argument = "debug|info|warning|error",
        .help = "the least that is written (default: warning)",
    },
    Option{.name = "debug", .letter = "", .argument = "", .help = "same as --log-level debug"},
    Option{
        .name = "timings",
        .letter = "",
        .argument = "",
        .help = "print how long each part of a start took (create, run, start, exec)",
    },
    Option{
        .name = "cgroup-manager",
        .letter = "",
        .argument = "cgroupfs|systemd|disabled",
        .help = "who makes cgroups (default: cgroupfs)",
    },
    Option{
        .name = "systemd-cgroup",
        .letter = "",
        .argument = "",
        .help = "same as --cgroup-manager systemd",
    },
    Option{
        .name = "rootless",
        .letter = "",
        .argument = "true|false|auto",
        .help = "do without a cgroup where making one is not permitted (auto: if not root)",
    },
    Option{.name = "version", .letter = "v", .argument = "", .help = "print the version"},
    Option{.name = "help", .letter = "h", .argument = "", .help = "print this help"},
};

std::string environment(const char* name) {
    const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return value == nullptr ? "" : value;
}

/// The initial user namespace maps all ids to themselves. (user_namespaces(7))
bool in_user_namespace() {
    const std::optional<std::string> map =
        sys::try_read_file(sys::FdRef::cwd(), "/proc/self/uid_map");
    if (!map) {
        return false;
    }
    std::vector<std::string_view> fields = split(trim(*map), ' ');
    std::erase_if(fields, [](std::string_view field) { return field.empty(); });
    return fields != std::vector<std::string_view>{"0", "0", "4294967295"};
}

std::string default_state_root() {
    const uid_t uid = ::geteuid();
    return container::default_root({
        .effective_uid = uid,
        .in_user_namespace = uid == 0 && in_user_namespace(),
        .user = environment("USER"),
        .xdg_runtime_dir = environment("XDG_RUNTIME_DIR"),
    });
}

std::string state_root(const Arguments& arguments) {
    if (!arguments.was_given("root")) {
        return default_state_root();
    }
    const std::string given = arguments.text("root");
    const std::string path =
        given.starts_with("/") ? given : concat(sys::real_path("."), "/", given);
    std::string clean = sys::clean_absolute(path);
    if (given.empty() || clean == "/") {
        throw Error("Option --root argument should not be set to /");
    }
    return clean;
}

container::CgroupManager cgroup_manager(const Arguments& arguments) {
    const std::string name = arguments.text("cgroup-manager");
    if (name == "systemd" || (name.empty() && arguments.is_on("systemd-cgroup"))) {
        return container::CgroupManager::systemd;
    }
    if (name.empty() || name == "cgroupfs") {
        return container::CgroupManager::cgroupfs;
    }
    if (name == "disabled") {
        return container::CgroupManager::disabled;
    }
    throw Error(concat("invalid cgroup-manager: ", name));
}

container::CgroupTolerance cgroup_tolerance(const Arguments& arguments) {
    const std::string value = arguments.text("rootless");
    if (value.empty() || value == "auto") {
        return container::CgroupTolerance::automatic;
    }
    if (value == "true") {
        return container::CgroupTolerance::tolerant;
    }
    if (value == "false") {
        return container::CgroupTolerance::strict;
    }
    throw Error(concat("--rootless: expected true, false or auto, found ", double_quote(value)));
}

LogFormat log_format(const Arguments& arguments) {
    const std::string name = arguments.text("log-format");
    if (name == "json") {
        return LogFormat::json;
    }
    // Without --log, --debug and --log-format it is people who read.
    const bool is_for_programs = arguments.was_given("log") || arguments.is_on("debug");
    if (name.empty() && !is_for_programs) {
        return LogFormat::plain;
    }
    if (name.empty() || name == "text") {
        return LogFormat::text;
    }
    throw Error(concat("invalid log-format: ", name));
}

LogLevel log_level(const Arguments& arguments) {
    if (!arguments.was_given("log-level")) {
        return arguments.is_on("debug") ? LogLevel::debug : LogLevel::warning;
    }
    const std::string name = arguments.text("log-level");
    const std::optional<LogLevel> level = parse_log_level(name);
    if (!level) {
        throw Error(concat("invalid log-level: ", name));
    }
    return *level;
}

}  // namespace

std::span<const Option> global_option_table() {
    return kOptions;
}

LogOptions log_options(const Arguments& arguments) {
    return {
        .path = arguments.text("log"),
        .format = log_format(arguments),
        .level = log_level(arguments),
    };
}

GlobalOptions global_options(const Arguments& arguments) {
    return {
        .root = state_root(arguments),
        .root_given = arguments.was_given("root"),
        .prints_timings = arguments.is_on("timings"),
        .cgroup_manager = cgroup_manager(arguments),
        .cgroup_tolerance = cgroup_tolerance(arguments),
        .bus_environment =
            {
                .runtime_dir = environment("XDG_RUNTIME_DIR"),
                .session_bus_address = environment("DBUS_SESSION_BUS_ADDRESS"),
                .system_bus_address = environment("DBUS_SYSTEM_BUS_ADDRESS"),
            },
    };
}

}  // namespace corun::cli
