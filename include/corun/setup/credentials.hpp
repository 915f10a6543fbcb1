// The payload's user, groups and umask. Child side, as root of the container's user namespace;
// numeric ids only, no passwd is ever read. (CVE-2016-3697) runtime-spec config#posix-platform-user
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Takes groups, gid, uid and umask. Permitted capabilities survive, for drop_capabilities() to
/// narrow; the process stays undumpable.
void take_ids(ChildContext& context);

}  // namespace corun::setup
