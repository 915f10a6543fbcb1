// Network interfaces of the calling process's network namespace.
#pragma once

#include <string>

namespace corun::sys {

/// Sets IFF_UP on the interface `name`.
void bring_interface_up(const std::string& name);

}  // namespace corun::sys
