// What a container is doing now, asked of the kernel: its first process, start gate and freezer.
// Parent side; changes nothing, waits for nothing.
#pragma once

#include "corun/container/cgroup.hpp"
#include "corun/container/engine.hpp"
#include "corun/oci/state.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/pidfd.hpp"

#include <optional>

namespace corun::container {

using oci::Status;

/// A status, and the container's first process where it lives.
struct Observation {
    Status status = Status::stopped;
    std::optional<sys::Pidfd> init;
    sys::UniqueFd gate;  // created: a connection to the start gate, unless that is too busy

    [[nodiscard]] bool alive() const { return init.has_value(); }

    /// As the specification wants it: 0 when stopped.
    [[nodiscard]] pid_t pid() const { return init ? init->pid() : 0; }
};

/// `record` is what directory.load() gave. A `create` that was killed counts as stopped.
[[nodiscard]] Observation observe(
    Engine& engine, const ContainerDirectory& directory, const std::optional<Record>& record
);

/// As observe(), the status alone.
[[nodiscard]] inline Status status_of(
    Engine& engine, const ContainerDirectory& directory, const std::optional<Record>& record
) {
    return observe(engine, directory, record).status;
}

/// Thaws a container that a killed `kill --all` has left frozen; false if that is not so. observe()
/// does it too.
bool end_abandoned_freeze(
    Engine& engine, const ContainerDirectory& directory, const Record& record
);

/// The container's cgroup; nothing if it has none or it is gone.
[[nodiscard]] std::optional<Cgroup> try_open_cgroup(Engine& engine, const Record& record);

}  // namespace corun::container
