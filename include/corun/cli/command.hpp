// What a command of the program is: a name, its options and a function. The table of all of them is
// in commands.hpp; help, and later manual pages and completions, are made from it.
#pragma once

#include "corun/base/log.hpp"
#include "corun/cli/options.hpp"
#include "corun/container/engine.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace corun::cli {

/// The options in front of the command.
struct GlobalOptions {
    std::string root;         // absolute
    bool root_given = false;  // not the default
    bool prints_timings = false;
    container::CgroupManager cgroup_manager = container::CgroupManager::cgroupfs;
    container::CgroupTolerance cgroup_tolerance = container::CgroupTolerance::automatic;
    container::BusEnvironment bus_environment;
};

/// One call of a command.
struct Invocation {
    const GlobalOptions& globals;
    const Log& log;
    const Arguments& arguments;
    sys::Timeline* timeline = nullptr;  // none: nobody wants to know

    /// The operand at `index`; empty if there are fewer.
    [[nodiscard]] std::string operand(std::size_t index) const;

    /// The first operand as an id.
    [[nodiscard]] container::ContainerId id() const;

    [[nodiscard]] container::EngineOptions engine_options() const;
};

/// Operands that a command takes.
struct Operands {
    std::string_view usage;  // as in the help: "ID [SIGNAL]"
    std::size_t at_least = 0;
    std::size_t at_most = 0;
};

inline constexpr std::size_t kAnyNumber = static_cast<std::size_t>(-1);

/// What the first operand can be, for a command that does several things.
struct Verb {
    std::string_view name;
    std::string_view usage;    // operands after it: "ID..."
    std::string_view summary;  // lower case, no full stop
    /// As Command::run.
    int (*run)(const Invocation& invocation) = nullptr;
};

struct Command {
    std::string_view name;
    std::string_view summary;  // lower case, no full stop
    Operands operands;
    std::span<const Option> options;
    OptionPlace place = OptionPlace::anywhere;
    std::span<const Verb> verbs = {};
    std::string_view notes = {};    // more for the help
    int failure_status = 1;         // exit status when `run` throws Error
    bool enters_container = false;  // a child of this program's becomes a process of a container
    /// Returns the exit status; throws Error.
    int (*run)(const Invocation& invocation) = nullptr;
};

}  // namespace corun::cli
