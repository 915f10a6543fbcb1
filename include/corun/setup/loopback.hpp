// The loopback interface of a new network namespace. Child side.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Step: brings `lo` up.
void bring_loopback_up(ChildContext& ctx);

}  // namespace corun::setup
