// A bind mount of one file of a file system that is nowhere attached.
#pragma once

#include "corun/sys/fd.hpp"

#include <string>

namespace corun::sys {

/// A detached clone of what `name` is in `mount`, a detached mount that is ours. `mount` is of no
/// use afterwards. Before Linux 6.15, which clones no part of a detached mount, a short-lived child
/// attaches it in a mount namespace of its own; blocks until that has ended.
[[nodiscard]] UniqueFd clone_own_tree(FdRef mount, const std::string& name);

/// The way of older kernels.
[[nodiscard]] UniqueFd clone_tree_in_child(FdRef mount, const std::string& name);

}  // namespace corun::sys
