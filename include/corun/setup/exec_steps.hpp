// The start of a further process in a running container (`exec`), as a table.
#pragma once

#include "corun/setup/step.hpp"

#include <span>

namespace corun::setup {

[[nodiscard]] std::span<const Step> exec_steps();

}  // namespace corun::setup
