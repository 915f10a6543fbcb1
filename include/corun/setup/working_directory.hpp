// The payload's working directory, and the proof that it lies inside the container.
// (CVE-2024-21626) Child side, inside the container's root.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Makes the directory (0755) where it is absent, as runc and crun do.
void make_cwd(ChildContext& context);

/// chdir(2) with root's privileges. Refused (EACCES, EPERM): enter_cwd_as_user() tries again, as
/// the directory may be the payload user's own, on a volume that squashes root.
void enter_cwd(ChildContext& context);

/// chdir(2) with the payload's ids, where enter_cwd() was refused.
void enter_cwd_as_user(ChildContext& context);

}  // namespace corun::setup
