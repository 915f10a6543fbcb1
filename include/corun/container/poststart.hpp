// What follows a successful exec of the payload: the poststart hooks. Parent side.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/id.hpp"
#include "corun/container/record.hpp"
#include "corun/container/state_text.hpp"
#include "corun/oci/spec.hpp"
#include "corun/sys/pidfd.hpp"

namespace corun::container {

/// What a state says of a container on record. Borrows the record's annotations.
[[nodiscard]] StateSource state_source(const ContainerId& id, const Record& record);

/// Runs them; if one fails the container is stopped, and the failure thrown. `spec` and `process`
/// outlive the task. (config#poststart)
[[nodiscard]] async::Task<> run_poststart_hooks(
    const oci::Spec* spec, StateSource source, const sys::Pidfd* process
);

}  // namespace corun::container
