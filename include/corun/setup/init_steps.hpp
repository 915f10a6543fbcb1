// The start of a container's first process, as a table.
#pragma once

#include "corun/setup/step.hpp"

#include <span>

namespace corun::setup {

[[nodiscard]] std::span<const Step> init_steps();

}  // namespace corun::setup
