// Loading a compiled seccomp filter (seccomp(2)). Used by the child just before exec.
#pragma once

#include "corun/sys/fd.hpp"

#include <string_view>

namespace corun::sys {

/// What SECCOMP_SET_MODE_FILTER gave: an errno (0: loaded) and, with
/// SECCOMP_FILTER_FLAG_NEW_LISTENER, the notify descriptor.
struct LoadedFilter {
    int error_number = 0;
    UniqueFd listener;
};

/// `program` is an array of sock_filter. Allocates and throws nothing: the filter may already
/// forbid it.
[[nodiscard]] LoadedFilter load_seccomp_filter(std::string_view program, unsigned flags) noexcept;

/// The kernel knows this SECCOMP_FILTER_FLAG_*. Loads nothing.
[[nodiscard]] bool has_seccomp_flag(unsigned flag);

}  // namespace corun::sys
