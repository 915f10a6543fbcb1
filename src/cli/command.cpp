// What commands have in common. One command, any privileges.
#include "corun/cli/command.hpp"

namespace corun::cli {

std::string Invocation::operand(std::size_t index) const {
    const std::vector<std::string>& all = arguments.operands();
    return index < all.size() ? all[index] : std::string();
}

container::ContainerId Invocation::id() const {
    return container::ContainerId(operand(0));
}

container::EngineOptions Invocation::engine_options() const {
    return {
        .root = globals.root,
        .cgroup_manager = globals.cgroup_manager,
        .cgroup_tolerance = globals.cgroup_tolerance,
        .bus_environment = globals.bus_environment,
    };
}

}  // namespace corun::cli
