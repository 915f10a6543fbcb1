// What commands have in common. One command, any privileges.
#include "corun/cli/command.hpp"

#include "corun/cli/output.hpp"
#include "corun/cli/waterfall.hpp"

#include <unistd.h>

namespace corun::cli {

std::string Invocation::operand(std::size_t index) const {
    const std::vector<std::string>& all = arguments.operands();
    return index < all.size() ? all[index] : std::string();
}

container::ContainerId Invocation::id() const {
    return container::ContainerId(operand(0));
}

container::EngineOptions Invocation::engine_options() const {
    container::EngineOptions options{
        .root = globals.root,
        .cgroup_manager = globals.cgroup_manager,
        .cgroup_tolerance = globals.cgroup_tolerance,
        .bus_environment = globals.bus_environment,
        .timeline = timeline,
    };
    if (globals.prints_timings) {
        options.on_started = [](const sys::Timeline& times) {
            write_quietly(sys::FdRef(STDERR_FILENO), waterfall(times.spans()));
        };
    }
    return options;
}

}  // namespace corun::cli
