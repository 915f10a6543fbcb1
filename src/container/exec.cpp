// The verb `exec`. Parent side; the new process is born in the container's cgroup, joins its
// namespaces in the relay and is this one's child.
#include "corun/container/exec.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/cgroup.hpp"
#include "corun/container/console.hpp"
#include "corun/container/container_unit.hpp"
#include "corun/container/crun_annotations.hpp"
#include "corun/container/exec_process.hpp"
#include "corun/container/foreground.hpp"
#include "corun/container/intel_rdt.hpp"
#include "corun/container/launch.hpp"
#include "corun/container/pid_file.hpp"
#include "corun/container/plan_process.hpp"
#include "corun/container/poststart.hpp"
#include "corun/container/privileges.hpp"
#include "corun/container/status.hpp"
#include "corun/container/store.hpp"
#include "corun/oci/read_spec.hpp"
#include "corun/setup/exec_steps.hpp"
#include "corun/sys/uapi.hpp"

#include <cerrno>
#include <optional>
#include <utility>

namespace corun::container {

namespace {

/// The container as `exec` finds it.
struct Target {
    ContainerDirectory directory;
    Record record;
    oci::Spec spec;
    sys::Pidfd init;
};

Target open_target(Engine& engine, const ExecRequest& request) {
    ContainerDirectory directory = engine.store().open(request.id);
    Record record = directory.load_existing();
    Observation seen = observe(engine, directory, record);
    if (!seen.alive() || seen.status == Status::creating) {
        throw Error("cannot exec in a stopped container: container not running");
    }
    if (seen.status == Status::paused && !request.ignore_paused) {
        throw Error("cannot exec in a paused container (use --ignore-paused to override)");
    }
    oci::Spec spec = oci::read_spec(directory.load_config());
    return {
        .directory = std::move(directory),
        .record = std::move(record),
        .spec = std::move(spec),
        .init = std::move(*seen.init),
    };
}

/// All namespaces of the container at once, through its first process. (setns(2), Linux 5.8)
setup::JoinedNamespace namespaces_of(const Target& target) {
    std::uint32_t kinds = 0;
    for (const oci::Namespace& ns : target.spec.linux_.namespaces) {
        kinds |= static_cast<std::uint32_t>(ns.kind);
    }
    return {
        .kind = static_cast<int>(kinds),
        .fd = sys::duplicate(target.init.fd()),
        .path = concat("/proc/", target.init.pid(), "/ns"),
    };
}

setup::Plan make_plan(Engine& engine, const ExecRequest& request, const Target& target) {
    const oci::Process process = exec_process(request, target.spec);
    for (const std::string& warning : warnings_for(process)) {
        engine.log().warning(warning);
    }
    setup::Plan plan;
    plan.id = request.id.text();
    plan.timeline = engine.options().timeline;
    if (!target.spec.linux_.namespaces.empty()) {
        plan.namespaces.joined.push_back(namespaces_of(target));
    }
    plan.namespaces.becomes_root = plan.namespaces.joins(CLONE_NEWUSER);
    plan.session_keyring = concat("_ses.", request.id.text());
    plan_process(process, plan);
    plan_groups(target.spec.annotations, probe_privileges(), plan);
    plan_exec_affinity(process, plan);
    plan_inherited_fds(request.listen_fds, request.preserve_fds, plan);
    if (target.spec.linux_.personality) {
        plan.attributes.personality = target.spec.linux_.personality->domain;
    }
    if (target.spec.linux_.seccomp) {
        plan_seccomp(
            *target.spec.linux_.seccomp,
            target.spec.annotations,
            engine.options().root,
            process_state_parts(
                state_source(request.id, target.record),
                target.spec.linux_.seccomp->listener_metadata,
                "running",
                target.init.pid()
            ),
            plan
        );
    }
    return plan;
}

void check_terminal(const ExecRequest& request, const setup::Plan& plan) {
    if (request.detach && plan.terminal.wanted && request.console_socket.empty()) {
        throw Error("cannot allocate tty if corun will detach without setting console socket");
    }
    if ((!request.detach || !plan.terminal.wanted) && !request.console_socket.empty()) {
        throw Error("cannot use console socket if corun will not detach or allocate tty");
    }
}

/// The cgroup `path` in the container's `own`. In the words that callers of runc look for.
Cgroup cgroup_below(const std::optional<Cgroup>& own, const std::string& path) {
    if (!own) {
        throw Error(concat("no cgroup ", quote(path), ": the container has none of its own"));
    }
    std::optional<Cgroup> below = own->try_open_below(path);
    if (!below) {
        throw Error(concat(
            "adding pid to ",
            sys::clean_absolute(concat(own->host_path(), "/", path)),
            "/cgroup.procs: no such file or directory (ENOENT)"
        ));
    }
    return *std::move(below);
}

std::optional<Cgroup> cgroup_for(Engine& engine, const ExecRequest& request, const Target& target) {
    std::optional<Cgroup> own = try_open_cgroup(engine, target.record);
    const std::optional<std::string> delegated =
        find_annotation(target.spec.annotations, kDelegateCgroup);
    if (request.cgroup.empty() && own && delegated) {
        return cgroup_below(own, *delegated);
    }
    if (request.cgroup.empty() || request.cgroup == "/") {
        return own;
    }
    return cgroup_below(own, request.cgroup);
}

/// A user who is not root may have left the part of the hierarchy that is theirs since `create`,
/// and the kernel lets them into the container's cgroup no more; runc goes on without it, too.
bool may_go_without_cgroup(const Error& error) {
    const bool is_refusal = error.error_number() == EACCES || error.error_number() == EPERM;
    return is_refusal && probe_privileges().rootless();
}

/// By systemd's hand.
async::Task<sys::FdRef> enter_unit(
    Engine* engine, const Record* record, const Cgroup* cgroup, pid_t pid
) {
    co_await attach_to_unit(engine, record, pid);
    co_return cgroup->directory();
}

/// A process of exec is no child of one in the container's class of service.
std::function<void(pid_t)> joins_rdt_group(const Record& record) {
    if (record.rdt.path.empty()) {
        return nullptr;
    }
    return [group = record.rdt](pid_t pid) { join_rdt_group(group, pid); };
}

/// Where the container has moved its own processes further down (systemd does), its cgroup takes no
/// process any more: then the new one goes where the first one is. Where the caller may not put a
/// process into the cgroup, as an ordinary user from his login session, but its unit's systemd may,
/// that one does.
async::Task<Launched> launch_in(
    Engine* engine,
    const ExecRequest* exec,
    setup::Plan* plan,
    const Target* target,
    const Cgroup* cgroup
) {
    LaunchRequest request{
        .plan = plan,
        .steps = setup::exec_steps(),
        .cgroup = cgroup != nullptr ? std::optional(cgroup->directory()) : std::nullopt,
        .relays_console = exec->console_socket.empty(),
        .equip = joins_rdt_group(target->record),
        .lets_go_early =
            exec->console_socket.empty() && exec->pidfd_socket.empty() && exec->pid_file.empty(),
    };
    std::exception_ptr failure;
    std::string refusal;
    bool by_systemd = false;
    try {
        co_return co_await launch(request);
    } catch (const BirthRefused& error) {
        const bool is_refusal = error.error_number() == EACCES || error.error_number() == EPERM;
        by_systemd = is_refusal && cgroup != nullptr && !target->record.systemd_unit.empty();
        if (!by_systemd && cgroup != nullptr && may_go_without_cgroup(error)) {
            refusal = error.what();
        } else if (!by_systemd && (error.error_number() != EBUSY || cgroup == nullptr)) {
            throw;
        }
        failure = std::current_exception();
    }
    if (by_systemd) {
        plan->enters_cgroup_late = true;
        request.cgroup.reset();
        request.enter_cgroup = [engine, target, cgroup](pid_t pid) {
            return enter_unit(engine, &target->record, cgroup, pid);
        };
        co_return co_await launch(request);
    }
    if (!refusal.empty()) {
        request.cgroup.reset();
        Launched launched = co_await launch(request);
        launched.warnings.push_back(
            concat("not in the container's cgroup ", quote(cgroup->path()), ": ", refusal)
        );
        co_return launched;
    }
    const std::optional<std::string> path = try_cgroup_path_of(target->init.pid());
    const std::optional<Cgroup> of_init =
        path ? Cgroup::try_open(engine->cgroups(), *path) : std::nullopt;
    if (!of_init) {
        std::rethrow_exception(failure);
    }
    request.cgroup = of_init->directory();
    co_return co_await launch(request);
}

void tell_callers(const ExecRequest& request, const Launched& launched) {
    if (!request.console_socket.empty()) {
        send_console(request.console_socket, launched.console, "/dev/ptmx");
    }
    if (!request.pidfd_socket.empty()) {
        send_pidfd(request.pidfd_socket, launched.child.child(), PidfdOf::exec);
    }
    if (!request.pid_file.empty()) {
        write_pid_file(request.pid_file, launched.child.child().pid());
    }
}

}  // namespace

async::Task<sys::ExitStatus> exec(Engine& engine, ExecRequest request) {
    std::optional<async::SignalStream> signals;
    if (!request.detach) {
        signals.emplace(forwarded_signals());
    }
    engine.begin("look at the container");
    const Target target = open_target(engine, request);
    engine.begin("plan the start");
    setup::Plan plan = make_plan(engine, request, target);
    check_terminal(request, plan);
    const std::optional<Cgroup> cgroup = cgroup_for(engine, request, target);
    const Cgroup* const birthplace = cgroup ? &*cgroup : nullptr;
    engine.begin("make the process");
    Launched launched = co_await launch_in(&engine, &request, &plan, &target, birthplace);
    engine.begin("tell the callers");
    tell_callers(request, launched);
    engine.begin("wait for its exec");
    proceed(launched);
    co_await await_exec(launched.socket, &launched.warnings);
    for (const std::string& warning : launched.warnings) {
        engine.log().warning(warning);
    }
    engine.report_start();
    if (request.detach) {
        (void)launched.child.release();
        co_return sys::ExitStatus();
    }
    Stay stay{
        .process = &launched.child.child(),
        .signals = &*signals,
        .console = std::move(launched.console),
    };
    const sys::ExitStatus status = co_await stay_in_foreground(std::move(stay));
    (void)launched.child.release();  // reaped
    co_return status;
}

}  // namespace corun::container
