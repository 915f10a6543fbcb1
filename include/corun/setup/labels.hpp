// The security label that exec will apply: AppArmor profile or SELinux context.
// Child side, just before exec, through the runtime's own procfs. (CVE-2019-16884, CVE-2025-52881)
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

void set_exec_label(ChildContext& context);

}  // namespace corun::setup
