// Which descriptors live on. Child side, before the start gate: a leaked host directory is a way
// out. (CVE-2024-21626)
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Closes all but stdio, the preserved ones (which lose CLOEXEC) and what later steps need (which
/// are CLOEXEC). `context.root` is gone afterwards.
void close_descriptors(ChildContext& context);

}  // namespace corun::setup
