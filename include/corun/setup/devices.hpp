// Device nodes and the symlinks of /dev. Child side, before the root switch. All happens below
// descriptors of directories that were reached without symlinks (CVE-2026-41579, CVE-2026-47766).
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Step: makes (or binds) the nodes of DevPlan, the symlinks fd, stdin, stdout, stderr, core and
/// ptmx. After make_mounts(). Does nothing when DevPlan::populates is false.
void make_devices(ChildContext& ctx);

}  // namespace corun::setup
