// A signal to a container, by pidfd or through its cgroup. Parent side.
#include "corun/container/kill.hpp"

#include "corun/async/cancel.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/freezer_turn.hpp"
#include "corun/container/status.hpp"

#include <chrono>
#include <string_view>

namespace corun::container {

namespace {

constexpr std::chrono::seconds kFreezeLimit{5};

/// The process is in that cgroup or below. Asked with its pidfd open: the pid may have been given
/// to a stranger since the list was read.
bool is_member(pid_t pid, std::string_view cgroup_path) {
    const std::optional<std::string> path = try_cgroup_path_of(pid);
    return path && path->starts_with(cgroup_path) &&
           (path->size() == cgroup_path.size() || path->at(cgroup_path.size()) == '/');
}

void signal_members(const Cgroup& cgroup, int signal) {
    for (const pid_t pid : cgroup.processes()) {
        const std::optional<sys::Pidfd> process = sys::Pidfd::try_open(pid);
        if (process && is_member(pid, cgroup.path())) {
            (void)process->send_signal(signal);  // it may end meanwhile
        }
    }
}

/// Frozen meanwhile, so that no process forks one that the signal misses.
async::Task<> signal_all(Cgroup cgroup, int signal, sys::FdRef directory) {
    if (signal == SIGKILL) {
        cgroup.kill();
        co_return;
    }
    const FreezerTurn turn = FreezerTurn::take(directory);
    if (turn.is_freeze_abandoned()) {
        co_await cgroup.thaw(kFreezeLimit);
        turn.unmark();
    }
    if (cgroup.is_frozen()) {
        signal_members(cgroup, signal);
        co_return;
    }
    turn.mark();
    std::exception_ptr failure;
    try {
        co_await cgroup.freeze(kFreezeLimit);
        signal_members(cgroup, signal);
    } catch (...) {
        failure = std::current_exception();
    }
    co_await async::shielded(cgroup.thaw(kFreezeLimit));
    turn.unmark();
    if (failure) {
        std::rethrow_exception(failure);
    }
}

}  // namespace

async::Task<> kill(Engine& engine, KillRequest request) {
    const ContainerDirectory directory = engine.store().open(request.id);
    const std::optional<Record> record = directory.load();
    const std::optional<sys::Pidfd> init =
        record ? sys::try_open_process(record->init) : std::nullopt;
    // Without a pid namespace the others outlive the first process.
    const bool ends_all = request.signal == SIGKILL && record && !record->private_pid_namespace;
    if (record && (request.all || ends_all)) {
        std::optional<Cgroup> cgroup = try_open_cgroup(engine, *record);
        if (cgroup && (request.all || init || cgroup->is_populated())) {
            co_await signal_all(*std::move(cgroup), request.signal, directory.fd());
            co_return;
        }
    }
    const bool delivered = init && init->send_signal(request.signal);
    if (!delivered && !request.all) {
        throw Error("container not running");
    }
}

}  // namespace corun::container
