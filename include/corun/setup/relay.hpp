// The middle process: joins what takes effect only for children, then makes the real child.
#pragma once

#include "corun/setup/plan.hpp"
#include "corun/setup/step.hpp"
#include "corun/sys/fd.hpp"

#include <span>

namespace corun::setup {

/// Joins the plan's namespaces, sets time offsets, clones the real child as its own sibling
/// (CLONE_PARENT: the caller of launch is its parent) and sends its pidfd with Relayed. The child
/// then runs child_main(steps, …).
[[noreturn]] void relay_main(
    std::span<const Step> steps, const Plan& plan, sys::UniqueFd socket
) noexcept;

}  // namespace corun::setup
