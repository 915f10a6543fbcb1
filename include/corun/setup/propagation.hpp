// Propagation of the mounts that the container's mount namespace inherited. Child side.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Step: gives every inherited mount RootfsPlan::propagation, so that nothing mounted from here on
/// reaches the host. First thing in a new mount namespace.
void set_propagation(ChildContext& ctx);

}  // namespace corun::setup
