// The entries of /mounts, in the order of the document. Child side, as the container's root, before
// the root switch. The rootfs is an adversary's: targets are descriptors resolved below ctx.root.
#pragma once

#include "corun/setup/step.hpp"

#include <string>

namespace corun::setup {

/// Step: makes all mounts. After attach_rootfs().
void make_mounts(ChildContext& ctx);

/// Refuses a destination below /proc that is not one of the few files that lxcfs and its like
/// replace: anything else could fake what other software trusts.
/// `destination` is lexically clean and absolute.
void check_destination(const std::string& destination);

}  // namespace corun::setup
