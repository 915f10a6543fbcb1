// A restored container's root, made read-only: criu restores it writable, as it makes a directory
// in it for pivot_root(2).
#pragma once

#include "corun/async/task.hpp"
#include "corun/sys/pidfd.hpp"

namespace corun::container {

/// Done by a child that enters the mount namespace of `process`, which must not run yet.
[[nodiscard]] async::Task<> make_root_readonly(const sys::Pidfd* process);

}  // namespace corun::container
