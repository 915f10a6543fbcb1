// Pause and resume by the cgroup's freezer. Parent side.
#include "corun/container/pause.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/freezer_turn.hpp"
#include "corun/container/status.hpp"

#include <chrono>

namespace corun::container {

namespace {

constexpr std::chrono::seconds kFreezeLimit{10};

Cgroup cgroup_of(Engine& engine, const Record& record) {
    std::optional<Cgroup> cgroup = try_open_cgroup(engine, record);
    if (!cgroup) {
        throw Error("the container has no cgroup to freeze");
    }
    return *std::move(cgroup);
}

}  // namespace

async::Task<> pause(Engine& engine, PauseRequest request) {
    const ContainerDirectory directory = engine.store().open(request.id);
    const Record record = directory.load_existing();
    const Status status = observe(engine, directory, record).status;
    if (status != Status::running && status != Status::created) {
        throw Error(concat("container not running: it is ", oci::status_name(status)));
    }
    Cgroup cgroup = cgroup_of(engine, record);
    const FreezerTurn turn =
        FreezerTurn::take(directory.fd());  // a kill at work would thaw it again
    co_await cgroup.freeze(kFreezeLimit);
}

async::Task<> resume(Engine& engine, ResumeRequest request) {
    const ContainerDirectory directory = engine.store().open(request.id);
    const Record record = directory.load_existing();
    if (end_abandoned_freeze(engine, directory, record)) {
        co_return;
    }
    const Status status = observe(engine, directory, record).status;
    if (status != Status::paused) {
        throw Error(concat("container not paused: it is ", oci::status_name(status)));
    }
    Cgroup cgroup = cgroup_of(engine, record);
    co_await cgroup.thaw(kFreezeLimit);
}

}  // namespace corun::container
