// Entry of the child's half: runs a table of steps. The only place in the child that catches.
#pragma once

#include "corun/setup/plan.hpp"
#include "corun/setup/step.hpp"
#include "corun/sys/fd.hpp"

#include <span>

namespace corun::setup {

/// Runs those of `steps` that `plan` wants, in order; the last one execs. A failure is reported
/// over `socket` and ends the process.
[[noreturn]] void child_main(
    std::span<const Step> steps, const Plan& plan, sys::UniqueFd socket
) noexcept;

}  // namespace corun::setup
