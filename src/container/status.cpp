// What a container is doing now. Parent side.
#include "corun/container/status.hpp"

#include "corun/container/freezer_turn.hpp"
#include "corun/sys/socket.hpp"

#include <utility>

namespace corun::container {

namespace {

/// `create` or `run` has not come to its end: it is at work as long as it holds the lock.
bool is_being_created(const ContainerDirectory& directory, const std::optional<Record>& record) {
    return (!record || record->phase == Phase::creating) && directory.is_busy();
}

Observation observe_living(
    Engine& engine, const ContainerDirectory& directory, const Record& record, sys::Pidfd init
) {
    Observation seen{.status = Status::running, .init = std::move(init)};
    // The freezer first: a frozen process does not answer at its gate. An abandoned freeze may
    // still be on its way, so the mark is asked, not the cgroup.
    const bool was_abandoned = end_abandoned_freeze(engine, directory, record);
    const std::optional<Cgroup> cgroup = try_open_cgroup(engine, record);
    if (!was_abandoned && cgroup && cgroup->is_frozen()) {
        seen.status = Status::paused;
        return seen;
    }
    // The gate is closed by the exec of the container's program (CLOEXEC), so nobody listens once
    // it runs, also if `start` was killed before it unlinked the socket.
    if (std::optional<sys::UniqueFd> gate = sys::knock_at_seqpacket(directory.fd(), kStartSocket)) {
        seen.status = Status::created;
        seen.gate = *std::move(gate);
    }
    return seen;
}

}  // namespace

std::optional<Cgroup> try_open_cgroup(Engine& engine, const Record& record) {
    if (record.cgroup_path.empty()) {
        return std::nullopt;
    }
    return Cgroup::try_open(engine.cgroups(), record.cgroup_path);
}

bool end_abandoned_freeze(
    Engine& engine, const ContainerDirectory& directory, const Record& record
) {
    const std::optional<FreezerTurn> turn = FreezerTurn::try_take(directory.fd());
    if (!turn || !turn->is_freeze_abandoned()) {
        return false;
    }
    std::optional<Cgroup> cgroup = try_open_cgroup(engine, record);
    if (cgroup) {
        cgroup->begin_thaw();
    }
    turn->unmark();
    return cgroup.has_value();
}

Observation observe(
    Engine& engine, const ContainerDirectory& directory, const std::optional<Record>& record
) {
    const bool creating = is_being_created(directory, record);
    std::optional<sys::Pidfd> init = record ? sys::try_open_process(record->init) : std::nullopt;
    if (creating) {
        return {.status = Status::creating, .init = std::move(init), .gate = {}};
    }
    // Also where `run` was killed between its word to the child and its word to the record.
    if (!init) {
        return {};
    }
    return observe_living(engine, directory, *record, *std::move(init));
}

}  // namespace corun::container
