// The process object of an exec: the request's file, or the container's own changed by the options.
// Parent side; reads the file, otherwise pure.
#pragma once

#include "corun/container/exec.hpp"
#include "corun/oci/spec.hpp"

namespace corun::container {

/// Validated. Throws where an option names an unknown capability or the container has no process.
[[nodiscard]] oci::Process exec_process(const ExecRequest& request, const oci::Spec& spec);

}  // namespace corun::container
