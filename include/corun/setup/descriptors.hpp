// Which descriptors live on. Child side, before the start gate: a leaked host directory is a way
// out. (CVE-2024-21626)
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// For an exec, before it joins the container: closes all but stdio, the preserved ones and what
/// the steps of an exec need. The parent's directories of the host must not be there to be taken
/// through /proc/PID/fd. (CVE-2016-9962)
void close_host_descriptors(const Plan& plan, sys::FdRef socket);

/// Closes all but stdio, the preserved ones (which lose CLOEXEC) and what later steps need (which
/// are CLOEXEC). `context.root` is gone afterwards.
void close_descriptors(ChildContext& context);

}  // namespace corun::setup
