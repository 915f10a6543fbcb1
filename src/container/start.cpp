// The verb `start`: the word at the gate, and what follows it. Parent side; the container's process
// need not be a child of this one.
#include "corun/container/start.hpp"

#include "corun/async/cancel.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/launch.hpp"
#include "corun/container/notify_socket.hpp"
#include "corun/container/poststart.hpp"
#include "corun/container/status.hpp"
#include "corun/container/store.hpp"
#include "corun/oci/read_spec.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/socket.hpp"

#include <optional>
#include <utility>

namespace corun::container {

namespace {

[[noreturn]] void throw_stopped() {
    throw Error("cannot start a container that has stopped");
}

void require_created(Status status) {
    switch (status) {
        case Status::created:
            return;
        case Status::stopped:
            throw_stopped();
        case Status::running:
            throw Error("cannot start an already running container");
        default:
            throw Error(
                concat("cannot start a container in the ", oci::status_name(status), " state")
            );
    }
}

}  // namespace

async::Task<> start(Engine& engine, StartRequest request) {
    engine.begin("look at the container");
    ContainerDirectory directory = engine.store().open(request.id);
    directory.lock();
    const Record record = directory.load_existing();
    Observation seen = observe(engine, directory, record);
    require_created(seen.status);
    std::optional<sys::UniqueFd> gate = std::move(seen.gate);
    if (!*gate) {
        gate = sys::try_connect_seqpacket(directory.fd(), kStartSocket);
    }
    if (!gate) {
        throw_stopped();
    }
    sys::UniqueFd notify;
    if (!request.notify_socket.empty()) {
        notify = bind_notify_socket(directory.fd());
    }
    if (!try_proceed(*gate)) {
        throw_stopped();
    }
    engine.begin("wait for its exec");
    std::vector<std::string> warnings;
    co_await await_exec(*gate, &warnings);
    for (const std::string& warning : warnings) {
        engine.log().warning(warning);
    }
    sys::unlinkat(directory.fd(), kStartSocket);
    engine.report_start();
    if (record.has_poststart_hooks) {
        const oci::Spec spec = oci::read_spec(directory.load_config());
        co_await run_poststart_hooks(&spec, state_source(request.id, record), &*seen.init);
    }
    directory.unlock();
    if (notify) {
        co_await forward_notify(
            std::move(notify), std::move(request.notify_socket), std::move(*seen.init)
        );
    }
}

}  // namespace corun::container
