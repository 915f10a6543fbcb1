// Undoing what `create` made. Parent side. In an order that can be taken up again after a crash:
// processes, cgroup, then the directory with the record that names them.
#include "corun/container/remove.hpp"

#include "corun/async/child_exit.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/container_unit.hpp"
#include "corun/container/crun_annotations.hpp"
#include "corun/container/hooks.hpp"
#include "corun/container/intel_rdt.hpp"
#include "corun/container/state_text.hpp"
#include "corun/container/status.hpp"
#include "corun/oci/read_spec.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <utility>

namespace corun::container {

namespace {

/// For a killed process to end and for a cgroup to become empty; runc waits as long.
constexpr std::chrono::seconds kEndLimit{10};
/// For a `create` to end by itself.
constexpr std::chrono::seconds kMoment{1};
/// Between two attempts at a lock that another process holds: flock(2) cannot be awaited.
constexpr std::chrono::milliseconds kLockInterval{5};

async::Task<> wait_for_lock(ContainerDirectory& directory) {
    while (!directory.try_lock()) {
        co_await async::sleep_for(kLockInterval);
    }
}

async::Task<> wait_for_end(const sys::Pidfd* process) {
    try {
        co_await async::with_deadline(kEndLimit, async::end_of(*process));
    } catch (Error& error) {
        error.add_context(concat("container init still running: pid ", process->pid()));
        throw;
    }
}

async::Task<> kill_and_wait(sys::Pidfd process) {
    (void)process.send_signal(SIGKILL);  // gone already is what is wanted
    co_await wait_for_end(&process);
}

/// A container that is left over after its first process ended may share its cgroup with one that
/// was made in it since; then the cgroup is the other's.
bool another_uses_cgroup(Engine& engine, const ContainerId& self, const std::string& cgroup_path) {
    for (const ContainerId& id : engine.store().list()) {
        if (id == self) {
            continue;
        }
        const std::optional<ContainerDirectory> directory = engine.store().try_open(id);
        const std::optional<Record> record = directory ? directory->load() : std::nullopt;
        if (record && record->cgroup_path == cgroup_path) {
            return true;
        }
    }
    return false;
}

/// Only warned of where it fails: without processes and cgroup there is nothing left of the unit
/// but its name, which systemd forgets by itself.
async::Task<> end_unit(Engine* engine, ContainerId id, const Record* record) {
    try {
        co_await remove_unit(engine, record);
    } catch (const Error& error) {
        engine->log().warning(concat(quote(id.text()), ": ", error.what()));
    }
}

async::Task<> remove_cgroup(Engine* engine, ContainerId id, const Record* record, Cgroup cgroup) {
    if (!record->systemd_unit.empty()) {
        co_await end_unit(engine, std::move(id), record);
    }
    co_await cgroup.remove(kEndLimit);
}

async::Task<> end_processes(Engine& engine, ContainerId id, Record record) {
    std::optional<sys::Pidfd> init = sys::try_open_process(record.init);
    const bool was_dead = !init;
    std::optional<Cgroup> cgroup =
        record.cgroup_created ? try_open_cgroup(engine, record) : std::nullopt;
    if (init) {
        co_await kill_and_wait(*std::move(init));
    }
    if (!cgroup) {
        if (record.cgroup_created && !record.systemd_unit.empty()) {
            co_await end_unit(&engine, std::move(id), &record);
        }
        co_return;
    }
    if (cgroup->is_populated()) {
        if (was_dead && another_uses_cgroup(engine, id, record.cgroup_path)) {
            co_return;
        }
        cgroup->kill();
        co_await cgroup->wait_until_empty(kEndLimit);
    }
    co_await remove_cgroup(&engine, std::move(id), &record, *std::move(cgroup));
}

/// Warns of what fails: the container is gone all the same. (runtime-spec runtime#lifecycle, 13)
async::Task<> run_poststop_hooks(
    Engine& engine, std::string id, Record record, std::string config
) {
    std::vector<std::string> failures;
    try {
        oci::Spec spec = oci::read_spec(config);
        const StateSource source{
            .oci_version = record.oci_version,
            .id = id,
            .bundle = record.bundle,
            .annotations = &record.annotations,
        };
        HookSurroundings surroundings{
            .state = state_text(source, "stopped"),
            .directory = record.bundle,
        };
        const HookFiles files = open_hook_files(record.annotations, record.bundle);
        surroundings.write_to(files.output, files.error_output);
        failures = co_await run_all_hooks(
            std::move(spec.hooks.poststop), "poststop", std::move(surroundings)
        );
    } catch (const Error& error) {
        failures.emplace_back(error.what());
    }
    for (const std::string& failure : failures) {
        engine.log().warning(concat(quote(id), ": ", failure));
    }
}

/// `kill ID KILL` has returned, and what it does takes a moment more.
bool is_ending(const Observation& seen) {
    const std::optional<sys::ProcessStat> stat =
        seen.init ? sys::try_process_stat(seen.init->pid()) : std::nullopt;
    return stat && stat->is_ending;
}

[[noreturn]] void throw_still_alive(const ContainerId& id, Status status) {
    throw Error(concat(
        "cannot delete container ", id.text(), " that is not stopped: ", oci::status_name(status)
    ));
}

bool needs_force(Status status) {
    return status == Status::running || status == Status::paused || status == Status::creating;
}

/// Then its `create` fails, cleans up and lets go of the lock.
void kill_unfinished(Engine& engine, const std::optional<Record>& record) {
    if (!record || !record->cgroup_created) {
        return;
    }
    std::optional<Cgroup> cgroup = try_open_cgroup(engine, *record);
    if (cgroup) {
        cgroup->kill();
    }
}

/// False if time is up.
async::Task<bool> lock_within(ContainerDirectory& directory, async::Clock::duration limit) {
    try {
        co_await async::with_deadline(limit, wait_for_lock(directory));
    } catch (const Error& error) {
        if (error.error_number() == ETIMEDOUT) {
            co_return false;
        }
        throw;
    }
    co_return true;
}

/// By force a `create` at work is made to fail; else it is given a moment to end, as one that was
/// killed needs until its child is gone too.
async::Task<> lock_for_removal(Engine& engine, ContainerDirectory& directory, bool force) {
    if (directory.try_lock()) {
        co_return;
    }
    const std::optional<Record> record = directory.load();
    const bool unfinished = observe(engine, directory, record).status == Status::creating;
    if (unfinished && force) {
        kill_unfinished(engine, record);
    }
    const bool only_waits = unfinished && !force;
    const async::Clock::duration limit = only_waits ? kMoment : kEndLimit;
    const bool locked = co_await lock_within(directory, limit);
    if (!locked && only_waits) {
        throw_still_alive(directory.id(), Status::creating);
    }
    if (!locked) {
        throw Error("another corun is making, starting or deleting the container", ETIMEDOUT);
    }
}

}  // namespace

async::Task<> destroy(Engine& engine, ContainerDirectory& directory, Record record) {
    co_await end_processes(engine, directory.id(), record);
    remove_rdt_group(record.rdt);
    std::optional<std::string> config;
    if (record.has_poststop_hooks) {
        config = directory.load_config();
    }
    directory.remove();
    if (config) {
        co_await run_poststop_hooks(
            engine, directory.id().text(), std::move(record), *std::move(config)
        );
    }
}

async::Task<> remove(Engine& engine, RemoveRequest request) {
    std::optional<ContainerDirectory> directory = engine.store().try_open(request.id);
    if (!directory && request.force) {
        co_return;
    }
    if (!directory) {
        directory.emplace(engine.store().open(request.id));
    }
    try {
        co_await lock_for_removal(engine, *directory, request.force);
    } catch (const Error&) {
        if (request.force && directory->is_gone()) {
            co_return;  // as wished, by another's hand
        }
        throw;
    }
    std::optional<Record> record = directory->load();
    const Observation seen = observe(engine, *directory, record);
    if (needs_force(seen.status) && !request.force) {
        if (!is_ending(seen)) {
            throw_still_alive(request.id, seen.status);
        }
        co_await wait_for_end(&*seen.init);
    }
    co_await destroy(engine, *directory, std::move(record).value_or(Record()));
}

}  // namespace corun::container
