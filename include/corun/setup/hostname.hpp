// Names of the container's UTS namespace. Child side.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Step: sets the host and the domain name, each where it is given.
void set_names(ChildContext& ctx);

}  // namespace corun::setup
