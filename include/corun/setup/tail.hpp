// How a step fails once the seccomp filter is loaded: no allocation, no exception, as few and as
// common system calls as can be (write, exit_group). Child side.
#pragma once

#include "corun/setup/step.hpp"

#include <string_view>

namespace corun::setup {

/// Reports `step 'NAME': call("object"): reason` with `error_number` and ends the process.
[[noreturn]] void fail_in_tail(
    ChildContext& context,
    std::string_view call,
    std::string_view object,
    int error_number,
    std::string_view reason = {}
) noexcept;

}  // namespace corun::setup
