// The verb `run`. Parent side; in the foreground it stays with the container until its end.
#include "corun/container/run.hpp"

#include "corun/async/cancel.hpp"
#include "corun/container/creation.hpp"
#include "corun/container/foreground.hpp"
#include "corun/container/launch.hpp"
#include "corun/container/notify_socket.hpp"
#include "corun/container/poststart.hpp"
#include "corun/container/remove.hpp"

#include <exception>
#include <optional>
#include <utility>

namespace corun::container {

namespace {

/// The half of `start` for a child that has no gate; one that was restored runs already.
async::Task<> start_created(Engine* engine, Created* created) {
    const bool waits = static_cast<bool>(created->launched.socket);
    engine->begin("wait for its exec");
    if (waits) {
        proceed(created->launched);
    }
    created->prepared.reset();
    created->directory.save(created->record);
    std::vector<std::string> warnings;
    if (waits) {
        co_await await_exec(created->launched.socket, &warnings);
    }
    for (const std::string& warning : warnings) {
        engine->log().warning(warning);
    }
    engine->report_start();
    co_await run_poststart_hooks(
        &created->spec,
        state_source(created->directory.id(), created->record),
        &created->launched.child.child()
    );
}

sys::UniqueFd notify_socket_for(const CreateRequest& request, const Created& created) {
    return request.has_notify_socket() ? bind_notify_socket(created.directory.fd())
                                       : sys::UniqueFd();
}

/// Detached: back when the container is ready, for callers that wait for sd_notify's word.
async::Task<> stay_until_ready(const RunRequest* request, Created* created, sys::UniqueFd notify) {
    sys::Pidfd process = created->launched.child.release();
    if (notify) {
        co_await forward_notify(
            std::move(notify), request->create.notify_socket, std::move(process)
        );
    }
}

async::Task<sys::ExitStatus> run_created(
    Engine* engine, const RunRequest* request, Created* created, async::SignalStream* signals
) {
    sys::UniqueFd notify = notify_socket_for(request->create, *created);
    co_await start_created(engine, created);
    created->directory.unlock();  // others may look at it, kill it, exec in it
    if (request->detach) {
        co_await stay_until_ready(request, created, std::move(notify));
        co_return sys::ExitStatus();
    }
    Stay stay{
        .process = &created->launched.child.child(),
        .signals = signals,
        .console = std::move(created->launched.console),
        .notify = std::move(notify),
        .notify_address = request->create.notify_socket,
    };
    const sys::ExitStatus status = co_await stay_in_foreground(std::move(stay));
    (void)created->launched.child.release();  // reaped
    co_return status;
}

/// Another command may have deleted the container meanwhile.
async::Task<> delete_container(Engine* engine, Created* created) {
    ContainerDirectory& directory = created->directory;
    try {
        directory.lock();
    } catch (const Error&) {
        if (directory.is_gone()) {
            co_return;
        }
        throw;
    }
    // As it is now: `update` may have noted a group of its own since.
    Record record =
        directory.is_as_saved() ? std::move(created->record) : directory.load().value_or(Record());
    co_await destroy(*engine, directory, std::move(record));
}

}  // namespace

async::Task<sys::ExitStatus> run_with(Engine& engine, RunRequest request, Launcher launcher) {
    // Before anything is made: a signal from here on is the container's, and leaves nothing behind.
    std::optional<async::SignalStream> signals;
    if (!request.detach) {
        signals.emplace(forwarded_signals());
    }
    const Detach detach = request.detach ? Detach::yes : Detach::no;
    Created created = co_await create_container(
        engine, request.create, setup::GateKind::none, detach, std::move(launcher)
    );
    async::SignalStream* const forwarded = signals ? &*signals : nullptr;
    std::exception_ptr failure;
    sys::ExitStatus status;
    try {
        status = co_await run_created(&engine, &request, &created, forwarded);
    } catch (...) {
        failure = std::current_exception();
    }
    created.directory.unlock();
    const bool deletes = failure || (!request.detach && !request.keep);
    if (deletes) {
        co_await async::shielded(delete_container(&engine, &created));
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    co_return status;
}

async::Task<sys::ExitStatus> run(Engine& engine, RunRequest request) {
    return run_with(engine, std::move(request), {});
}

async::Task<Running> run_and_hand_over(Engine& engine, CreateRequest request) {
    Created created = co_await create_container(engine, request, setup::GateKind::none, Detach::no);
    Running running;
    std::exception_ptr failure;
    try {
        running.notify = notify_socket_for(request, created);
        co_await start_created(&engine, &created);
    } catch (...) {
        failure = std::current_exception();
    }
    created.directory.unlock();
    if (failure) {
        co_await async::shielded(delete_container(&engine, &created));
        std::rethrow_exception(failure);
    }
    running.identity = created.launched.identity;
    running.console = std::move(created.launched.console);
    running.process = created.launched.child.release();
    co_return running;
}

}  // namespace corun::container
