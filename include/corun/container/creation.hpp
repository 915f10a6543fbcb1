// From a bundle to a process that waits at its gate: what `create` and `run` have in common.
// Parent side. Whatever fails, nothing is left behind.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/create.hpp"
#include "corun/container/engine.hpp"
#include "corun/container/launch.hpp"
#include "corun/container/record.hpp"
#include "corun/container/store.hpp"
#include "corun/oci/spec.hpp"
#include "corun/setup/plan.hpp"
#include "corun/sys/prepared_namespaces.hpp"

#include <functional>
#include <memory>

namespace corun::container {

/// A container whose process has said Ready and has not been let go on yet. With a gate it is on
/// record as created; without one the caller saves the record, for which the start need not wait.
struct Created {
    ContainerDirectory directory;  // locked
    Record record;
    oci::Spec spec;
    Launched launched;
    std::unique_ptr<sys::PreparedNamespaces> prepared;  // joined; may go once the child goes on
};

/// Whether the caller stays with the container; decides what a terminal needs.
enum class Detach { no, yes };

/// What `restore` puts in the place of launch().
using Launcher = std::function<async::Task<Launched>(LaunchRequest)>;

/// All of `create` but the last word to the child. `gate` is how the child will wait for `start`.
/// An empty launcher stands for launch().
[[nodiscard]] async::Task<Created> create_container(
    Engine& engine,
    CreateRequest request,
    setup::GateKind gate,
    Detach detach,
    Launcher launcher = {}
);

}  // namespace corun::container
