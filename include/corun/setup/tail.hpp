// How a step fails once the seccomp filter is loaded: no allocation, no exception, as few and as
// common system calls as can be (write, exit_group). Child side.
#pragma once

#include "corun/setup/step.hpp"

#include <string_view>

namespace corun::setup {

/// Reports `step 'NAME': call` with `error_number` and ends the process.
[[noreturn]] void fail_in_tail(
    ChildContext& context, std::string_view call, int error_number
) noexcept;

/// Reports `step 'NAME': exec PATH: no such file or directory (reason)`, as find_executable() has
/// it: the cause in the words that runc's callers match, and no errno beside them.
[[noreturn]] void fail_in_exec(
    ChildContext& context, std::string_view path, int error_number, std::string_view reason
) noexcept;

}  // namespace corun::setup
