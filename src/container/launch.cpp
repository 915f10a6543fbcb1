// The parent's half of a start. Any process that has a loop: the command line's or the
// supervisor's. It keeps its own namespaces, working directory, umask and credentials.
#include "corun/container/launch.hpp"

#include "corun/async/child_exit.hpp"
#include "corun/async/context.hpp"
#include "corun/async/ready.hpp"
#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/base/text.hpp"
#include "corun/container/cgroup_stats.hpp"
#include "corun/container/console.hpp"
#include "corun/container/crun_annotations.hpp"
#include "corun/container/hooks.hpp"
#include "corun/container/id_maps.hpp"
#include "corun/setup/bind_source.hpp"
#include "corun/setup/child_main.hpp"
#include "corun/setup/limits.hpp"
#include "corun/setup/namespaces.hpp"
#include "corun/setup/relay.hpp"
#include "corun/setup/wanted.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace corun::container {

namespace {

/// A message and what travelled with it, or the end: the child closed its side.
struct Incoming {
    setup::Message message;
    sys::UniqueFd fd;
    bool is_end = false;
    bool child_was_deaf = false;  // it ended without having read our last word
};

async::Task<Incoming> receive(sys::FdRef socket) {
    co_await async::readable(socket);
    Incoming incoming;
    sys::Received received =
        sys::receive_record(socket, std::as_writable_bytes(std::span(&incoming.message, 1)));
    incoming.is_end = received.closed();
    incoming.child_was_deaf = received.peer_was_deaf;
    if (!incoming.is_end && received.size != sizeof incoming.message) {
        throw Error(concat("handshake: a record of ", received.size, " bytes"), EPROTO);
    }
    incoming.fd = std::move(received.fd);
    co_return incoming;
}

/// clone3 and nothing else: a plain function, so that the child leaves no coroutine behind.
sys::Cloned spawn_child(const LaunchRequest& request, sys::SocketPair& pair) {
    const setup::Plan& plan = *request.plan;
    const bool relayed = plan.namespaces.needs_relay();
    sys::Cloned cloned = sys::clone3(relayed ? 0 : plan.namespaces.created, request.cgroup);
    if (cloned.in_child()) {
        // A copy of the parent's end kept here would hide the parent's death: no end of file.
        pair.first.reset();
        if (relayed) {
            setup::relay_main(request.steps, plan, std::move(pair.second));
        }
        setup::child_main(request.steps, plan, std::move(pair.second));
    }
    return cloned;
}

/// In the order in which the child comes to them.
std::vector<const setup::IdmapPlan*> late_idmaps(const setup::Plan& plan) {
    std::vector<const setup::IdmapPlan*> out;
    for (const setup::MountPlan& mount : plan.mounts) {
        if (mount.idmap) {
            out.push_back(&*mount.idmap);
        }
    }
    return out;
}

sys::Cloned give_birth(const LaunchRequest& request, sys::SocketPair& pair) {
    try {
        return spawn_child(request, pair);
    } catch (const Error& error) {
        throw BirthRefused(error);
    }
}

setup::RequestSequence expected_requests(const setup::Plan& plan) {
    return setup::RequestSequence({
        .relayed = plan.namespaces.needs_relay(),
        .map_ids = setup::maps_ids(plan),
        .mapped_mounts = late_idmaps(plan).size(),
        .run_hooks = setup::parent_has_hooks(plan),
        .console = setup::has_terminal(plan),
        .set_limits = setup::parent_sets_limits(plan),
    });
}

Error error_of(const setup::Message& report) {
    return Error(std::string(report.text_view()), report.error_number);
}

/// `oom_kill` of memory.events: the usual reason for a child that just vanishes.
bool was_oom_killed(const std::optional<sys::FdRef>& cgroup) {
    if (!cgroup) {
        return false;
    }
    const std::optional<std::string> events = sys::try_read_file(*cgroup, "memory.events");
    return count_of(parse_counters(events.value_or("")), "oom_kill") > 0;
}

Error premature_end(const sys::ExitStatus& status, const std::optional<sys::FdRef>& cgroup) {
    if (was_oom_killed(cgroup)) {
        return Error("container init was OOM-killed (memory limit too low?)");
    }
    if (status.signal != 0) {
        return Error(concat(
            "container init was killed by signal ",
            status.signal,
            " (SIG",
            ::sigabbrev_np(status.signal),
            ")"
        ));
    }
    return Error(concat("container init exited with status ", status.code, " before it was ready"));
}

[[noreturn]] void throw_ended_before_start() {
    throw Error("the container's process ended before it was started");
}

void set_limits(const setup::Plan& plan, pid_t pid) {
    setup::set_limits(plan.limits, pid);
    if (plan.oom_score_adj) {
        write_oom_score_adj(pid, *plan.oom_score_adj);
    }
}

/// The conversation, once the child exists.
class Conversation : NonCopyable {
public:
    Conversation(const LaunchRequest& request, sys::ChildGuard child, sys::UniqueFd socket)
        : request_(request),
          sequence_(expected_requests(*request.plan)),
          child_(std::move(child)),
          socket_(std::move(socket)),
          cgroup_(request.cgroup) {}

    async::Task<Launched> run();

private:
    async::Task<> enter_cgroup();
    async::Task<> adopt(Incoming relayed);
    async::Task<bool> answer(Incoming incoming);
    void identify();
    void map_mount(sys::FdRef tree);
    void tell(pid_t host_pid = 0) const;
    void equip() const;
    void let_go_early();

    [[nodiscard]] pid_t pid() const { return child_->child().pid(); }

    [[nodiscard]] bool limits_come_late() const {
        return request_.apply_limits && makes_processes(*request_.plan);
    }

    const LaunchRequest& request_;
    setup::RequestSequence sequence_;
    std::optional<sys::ChildGuard> child_;
    sys::ProcessIdentity identity_;
    sys::UniqueFd socket_;
    std::optional<sys::FdRef> cgroup_;
    std::size_t mapped_mounts_ = 0;
    sys::UniqueFd console_;
    std::vector<std::string> warnings_;
    std::optional<Error> early_report_;
    bool was_let_go_ = false;
};

/// The process waits for its first Proceed until it is where it belongs.
async::Task<> Conversation::enter_cgroup() {
    cgroup_ = co_await request_.enter_cgroup(pid());
    if (request_.plan->namespaces.needs_relay()) {
        tell();
    }
}

async::Task<Launched> Conversation::run() {
    if (request_.plan->enters_cgroup_late) {
        co_await enter_cgroup();
    }
    if (!request_.plan->namespaces.needs_relay()) {
        equip();
        if (setup::needs_introduction(*request_.plan)) {
            tell(pid());
        }
    }
    if (request_.apply_limits && !limits_come_late()) {
        co_await request_.apply_limits();
    }
    if (!request_.plan->namespaces.needs_relay()) {
        identify();
        let_go_early();
    }
    bool ready = false;
    while (!ready) {
        Incoming incoming = co_await receive(socket_);
        if (incoming.is_end) {
            const sys::ExitStatus status = co_await async::exit_of(child_->child());
            (void)child_->release();  // reaped
            throw early_report_.value_or(premature_end(status, cgroup_));
        }
        ready = co_await answer(std::move(incoming));
    }
    if (limits_come_late()) {
        co_await request_.apply_limits();
    }
    co_return Launched{
        .child = std::move(*child_),
        .identity = identity_,
        .socket = std::move(socket_),
        .console = std::move(console_),
        .warnings = std::move(warnings_),
        .was_let_go = was_let_go_,
    };
}

void Conversation::identify() {
    const std::optional<sys::ProcessStat> stat = sys::try_process_stat(pid());
    if (!stat) {
        throw Error("the container's process is gone", ESRCH);
    }
    identity_ = {.pid = pid(), .start_time = stat->start_time};
    if (request_.on_birth) {
        request_.on_birth(identity_);
    }
}

/// Proceed. A child that has failed meanwhile has left its report, which is what comes next.
void Conversation::tell(pid_t host_pid) const {
    (void)try_proceed(socket_, host_pid);
}

/// Once all that the parent does for the child is done, and on record.
void Conversation::let_go_early() {
    if (request_.lets_go_early && !sequence_.has_questions() && !limits_come_late()) {
        tell();
        was_let_go_ = true;
    }
}

void Conversation::equip() const {
    if (request_.equip) {
        request_.equip(pid());
    }
}

/// The relay made the real child, a sibling of its own, and ends.
async::Task<> Conversation::adopt(Incoming relayed) {
    if (!relayed.fd) {
        throw Error("handshake: Relayed without a descriptor", EPROTO);
    }
    sys::ChildGuard real_child(sys::Pidfd(relayed.message.pid, std::move(relayed.fd)));
    sys::ChildGuard relay = std::move(*child_);
    child_.emplace(std::move(real_child));
    if (!early_report_) {
        equip();
        tell(pid());
    }
    // The child is at work meanwhile; its program is not to find the relay in the cgroup.
    const sys::ExitStatus status = co_await async::exit_of(relay.child());
    (void)relay.release();  // reaped
    if (!status.success()) {
        throw premature_end(status, cgroup_);
    }
    if (early_report_) {
        throw Error(*early_report_);
    }
    identify();
    let_go_early();
}

/// The child has cloned it in its own mount namespace, where the parent cannot; the parent has the
/// capability in the file system's user namespace, which the child may not have.
void Conversation::map_mount(sys::FdRef tree) {
    const setup::IdmapPlan& idmap = *late_idmaps(*request_.plan).at(mapped_mounts_++);
    setup::BindSettings settings;
    settings.idmap =
        setup::MountIdmap{.user_namespace = idmap.user_namespace, .depth = idmap.depth};
    setup::apply_settings(tree, settings);
}

/// True at Ready.
async::Task<bool> Conversation::answer(Incoming incoming) {
    sequence_.accept(incoming.message.kind);
    switch (incoming.message.kind) {
        case setup::MessageKind::report:
            if (request_.plan->namespaces.needs_relay() && identity_.pid == 0) {
                // The relay's, or that of a child that was faster than the relay's word of it:
                // until we have that child, nobody would reap it.
                early_report_ = error_of(incoming.message);
                co_return false;
            }
            throw error_of(incoming.message);
        case setup::MessageKind::warning:
            warnings_.emplace_back(incoming.message.text_view());
            co_return false;
        case setup::MessageKind::relayed:
            co_await adopt(std::move(incoming));
            co_return false;
        case setup::MessageKind::map_ids:
            // The parent's half of a step is part of it, also in errors.
            co_await async::in_context(
                "step 'map-ids'",
                write_id_maps(pid(), *request_.uid_mappings, *request_.gid_mappings)
            );
            break;
        case setup::MessageKind::map_mount:
            async::in_context([] { return "step 'mounts'"; }, [&] { map_mount(incoming.fd); });
            break;
        case setup::MessageKind::run_hooks:
            co_await async::in_context("step 'runtime-hooks'", run_parent_hooks(&request_, pid()));
            break;
        case setup::MessageKind::console:
            console_ = std::move(incoming.fd);
            if (request_.relays_console) {
                prepare_relay(console_);
            }
            break;
        case setup::MessageKind::set_limits:
            async::in_context(
                [] { return "step 'limits'"; }, [&] { set_limits(*request_.plan, pid()); }
            );
            break;
        case setup::MessageKind::ready:
            co_return true;
        case setup::MessageKind::proceed:
            break;  // refused by the sequence
    }
    tell();
    co_return false;
}

}  // namespace

bool makes_processes(const setup::Plan& plan) {
    return plan.namespaces.needs_relay() || !plan.hooks.create_container.empty();
}

async::Task<> run_parent_hooks(const LaunchRequest* request, pid_t pid) {
    HookSurroundings surroundings;
    surroundings.directory = request->hook_state.bundle;
    surroundings.lifetime = sys::Lifetime::of_caller;
    const HookFiles files =
        open_hook_files(*request->hook_state.annotations, request->hook_state.bundle);
    surroundings.write_to(files.output, files.error_output);
    // Deprecated, and of the time when they were a part of `start`.
    surroundings.state = state_text(request->hook_state, "created", pid);
    co_await run_hooks(request->hooks->prestart, "prestart", surroundings);
    surroundings.state = state_text(request->hook_state, "creating", pid);
    co_await run_hooks(request->hooks->create_runtime, "createRuntime", surroundings);
}

async::Task<Launched> launch(LaunchRequest request) {
    sys::SocketPair pair = sys::make_seqpacket_pair();
    const auto before = std::chrono::steady_clock::now();
    sys::Cloned cloned = give_birth(request, pair);
    const auto birth_time = std::chrono::steady_clock::now() - before;
    pair.second.reset();
    Conversation conversation(
        request, sys::ChildGuard(std::move(cloned.process)), std::move(pair.first)
    );
    Launched launched = co_await conversation.run();
    launched.birth_time = birth_time;
    co_return launched;
}

void proceed(sys::FdRef socket) {
    if (!try_proceed(socket)) {
        throw_ended_before_start();
    }
}

void proceed(const Launched& launched) {
    if (!launched.was_let_go) {
        proceed(launched.socket);
    }
}

bool try_proceed(sys::FdRef socket, pid_t host_pid) {
    setup::Message message;
    message.kind = setup::MessageKind::proceed;
    message.pid = host_pid;
    try {
        setup::send_message(socket, message);
        return true;
    } catch (const Error& error) {
        if (error.error_number() != EPIPE && error.error_number() != ECONNRESET) {
            throw;
        }
        return false;
    }
}

async::Task<> await_exec(sys::FdRef socket, std::vector<std::string>* warnings) {
    bool was_deaf = false;
    while (true) {
        const Incoming incoming = co_await receive(socket);
        was_deaf = was_deaf || incoming.child_was_deaf;
        if (incoming.is_end) {
            break;
        }
        if (incoming.message.kind == setup::MessageKind::report) {
            throw error_of(incoming.message);
        }
        if (incoming.message.kind != setup::MessageKind::warning) {
            throw Error(
                concat("handshake: unexpected ", setup::name_of(incoming.message.kind), " at exec"),
                EPROTO
            );
        }
        if (warnings != nullptr) {
            warnings->emplace_back(incoming.message.text_view());
        }
    }
    // A socket that exec has closed had been read empty: Proceed came first.
    if (was_deaf) {
        throw_ended_before_start();
    }
}

}  // namespace corun::container
