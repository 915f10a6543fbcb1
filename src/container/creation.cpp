// From a bundle to a process that waits at its gate. The record on disk precedes every resource, so
// that `delete` can reclaim what a killed `create` leaves.
#include "corun/container/creation.hpp"

#include "corun/async/cancel.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/base/timestamp.hpp"
#include "corun/container/bare_mounts.hpp"
#include "corun/container/bundle.hpp"
#include "corun/container/cgroup.hpp"
#include "corun/container/console.hpp"
#include "corun/container/container_unit.hpp"
#include "corun/container/criu_flags.hpp"
#include "corun/container/crun_annotations.hpp"
#include "corun/container/intel_rdt.hpp"
#include "corun/container/net_devices.hpp"
#include "corun/container/notify_socket.hpp"
#include "corun/container/pid_file.hpp"
#include "corun/container/plan_builder.hpp"
#include "corun/container/plan_process.hpp"
#include "corun/container/privileges.hpp"
#include "corun/container/remove.hpp"
#include "corun/oci/read_spec.hpp"
#include "corun/setup/init_steps.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace corun::container {

namespace {

/// The bundle as read, before anything is made.
struct Bundle {
    std::string path;  // absolute
    std::string config;
    oci::Spec spec;
};

Bundle load_bundle(const CreateRequest& request) {
    BundleFiles files = read_bundle(request.bundle, request.config_file);
    oci::Spec spec =
        in_context([&] { return files.config_name; }, [&] { return oci::read_spec(files.config); });
    return {
        .path = std::move(files.path), .config = std::move(files.config), .spec = std::move(spec)};
}

void check_terminal(const CreateRequest& request, const oci::Spec& spec, bool detaches) {
    const bool terminal = spec.process && spec.process->terminal;
    if (detaches && terminal && request.console_socket.empty()) {
        throw Error("cannot allocate tty if corun will detach without setting console socket");
    }
    if ((!detaches || !terminal) && !request.console_socket.empty()) {
        throw Error("cannot use console socket if corun will not detach or allocate tty");
    }
}

bool has_limits(const oci::Resources& resources) {
    oci::Resources without_devices = resources;
    without_devices.devices.clear();  // a user namespace has no say in devices anyway
    return without_devices != oci::Resources();
}

bool tolerates_missing_cgroup(const EngineOptions& options, const Privileges& privileges) {
    switch (options.cgroup_tolerance) {
        case CgroupTolerance::strict:
            return false;
        case CgroupTolerance::tolerant:
            return true;
        case CgroupTolerance::automatic:
            return privileges.rootless();
    }
    return false;
}

bool is_free(const CgroupHierarchy& hierarchy, const std::string& path) {
    const std::optional<Cgroup> existing = Cgroup::try_open(hierarchy, path);
    return !existing || !existing->is_populated();
}

/// The one to be joined, which the child may not have done yet, else the child's own.
sys::UniqueFd network_namespace_of(const setup::Plan& plan, pid_t pid) {
    for (const setup::JoinedNamespace& joined : plan.namespaces.joined) {
        if (joined.kind == CLONE_NEWNET) {
            return sys::duplicate(joined.fd);
        }
    }
    return sys::open(concat("/proc/", pid, "/ns/net"), O_RDONLY);
}

/// The uid on the host that the container's root has.
uid_t root_uid_on_host(const oci::Linux& config) {
    for (const oci::IdMapping& mapping : config.uid_mappings) {
        if (mapping.container_id == 0) {
            return mapping.host_id;
        }
    }
    return ::geteuid();
}

bool is_new(const oci::Linux& config, oci::NamespaceKind kind) {
    const oci::Namespace* found = oci::find_namespace(config, kind);
    return found != nullptr && found->path.empty();
}

/// Nothing where the container has no network namespace of its own, or one that belongs to a user
/// namespace that is not there yet, or not ours.
std::unique_ptr<sys::PreparedNamespaces> prepare_namespaces(
    const Privileges& privileges, const oci::Linux& config
) {
    const bool has_user = oci::find_namespace(config, oci::NamespaceKind::user) != nullptr;
    // Interfaces are moved into that of the child, before it goes on.
    const bool gets_interfaces = !config.net_devices.empty();
    if (!is_new(config, oci::NamespaceKind::network) || has_user || gets_interfaces ||
        !privileges.host_root) {
        return nullptr;
    }
    const int ipc = is_new(config, oci::NamespaceKind::ipc) ? CLONE_NEWIPC : 0;
    const int uts = is_new(config, oci::NamespaceKind::uts) ? CLONE_NEWUTS : 0;
    return std::make_unique<sys::PreparedNamespaces>(ipc | uts);
}

/// config-linux#cgroup-ownership: a cgroup2 mount that the container may write, in a cgroup
/// namespace of its own.
bool delegates_cgroup(const setup::Plan& plan) {
    if (!plan.namespaces.creates_cgroup_namespace || !plan.namespaces.creates(CLONE_NEWUSER)) {
        return false;
    }
    for (const setup::MountPlan& mount : plan.mounts) {
        if (mount.kind == setup::MountKind::cgroup) {
            return (mount.attributes.set & MOUNT_ATTR_RDONLY) == 0;
        }
    }
    return false;
}

/// Shows the container a notify socket of our own in place of the caller's. (sd_notify(3))
void pass_notify_socket(
    const CreateRequest& request,
    const Privileges& privileges,
    const ContainerDirectory& directory,
    setup::Plan& plan
) {
    if (!request.has_notify_socket()) {
        return;
    }
    make_notify_directory(directory.fd());
    plan.mounts.push_back(readonly_bind(
        privileges, concat(directory.path(), "/", kNotifyDirectory), kNotifyDestination
    ));
    plan.payload.env.emplace_back(kNotifyVariable);
}

/// One creation under way. Fields are set as the resources come into being.
class Creation : NonCopyable {
public:
    Creation(
        Engine& engine,
        const CreateRequest& request,
        Bundle bundle,
        setup::GateKind gate,
        Launcher launcher
    )
        : engine_(engine),
          request_(request),
          bundle_(std::move(bundle)),
          gate_(gate),
          privileges_(probe_privileges()),
          bare_mounts_(
              launcher || !privileges_.host_root ? std::nullopt
                                                 : open_bare_mounts(engine.options().root)
          ),
          prepared_(launcher ? nullptr : prepare_namespaces(privileges_, bundle_.spec.linux_)),
          launcher_(launcher ? std::move(launcher) : Launcher(launch)),
          directory_(engine.store().create(request.id)) {}

    async::Task<Launched> run();

    [[nodiscard]] Created finish(Launched launched) {
        return {
            .directory = std::move(directory_),
            .record = std::move(record_),
            .spec = std::move(bundle_.spec),
            .launched = std::move(launched),
            .prepared = std::move(prepared_),
        };
    }

    /// The way back: as if nothing had been attempted, but for poststop hooks.
    async::Task<> undo() {
        if (net_devices_) {
            net_devices_->give_back();
        }
        return destroy(engine_, directory_, record_);
    }

private:
    async::Task<> prepare_unit();
    void write_first_record();
    void make_cgroup();
    void make_class_of_service();
    setup::Plan make_plan();
    LaunchRequest launch_request(const setup::Plan& plan);  // outlived by the plan
    async::Task<sys::FdRef> enter_unit(const setup::Plan* plan, pid_t pid);
    void enter_subgroup(const std::string& name, pid_t pid);
    async::Task<> limit(const setup::Plan* plan);
    void move_to_delegated_cgroup(const setup::Plan& plan, pid_t pid);
    void equip(const setup::Plan& plan, pid_t pid);
    void think_of_later_starts(std::chrono::steady_clock::duration birth_time) const;
    [[nodiscard]] bool may_let_go_early() const;
    void tell_callers(const Launched& launched) const;
    void warn(const std::vector<std::string>& warnings) const;

    Engine& engine_;
    const CreateRequest& request_;
    Bundle bundle_;
    setup::GateKind gate_;
    Privileges privileges_;
    std::optional<sys::UniqueFd> bare_mounts_;
    std::unique_ptr<sys::PreparedNamespaces> prepared_;
    Launcher launcher_;
    ContainerDirectory directory_;
    Record record_;
    std::optional<Cgroup> cgroup_;
    std::unique_ptr<ContainerUnit> unit_;  // with the systemd driver
    std::optional<NetDeviceMover> net_devices_;
};

async::Task<> Creation::prepare_unit() {
    if (engine_.options().cgroup_manager == CgroupManager::systemd) {
        unit_ = co_await ContainerUnit::prepare(
            &engine_, &bundle_.spec, request_.id.text(), privileges_
        );
        unit_->describe(record_);
    }
}

void Creation::write_first_record() {
    const oci::Linux& config = bundle_.spec.linux_;
    record_.oci_version = bundle_.spec.oci_version;
    record_.bundle = bundle_.path;
    record_.rootfs = rootfs_path(bundle_.spec, bundle_.path);
    record_.annotations = bundle_.spec.annotations;
    record_.created = rfc3339_nano(std::chrono::system_clock::now());
    record_.owner = ::geteuid();
    record_.private_pid_namespace = is_new(config, oci::NamespaceKind::pid);
    record_.has_poststart_hooks = !bundle_.spec.hooks.poststart.empty();
    record_.has_poststop_hooks = !bundle_.spec.hooks.poststop.empty();
    if (bundle_.spec.process && !bundle_.spec.process->terminal) {
        record_.streams = standard_streams("self");
    }
    if (engine_.options().cgroup_manager == CgroupManager::cgroupfs) {
        record_.cgroup_path = cgroup_path_for(config.cgroups_path, request_.id.text());
    }
    if (!record_.cgroup_path.empty()) {
        // Whoever reclaims a dead creation kills what is in the cgroup: only claim one that is
        // free.
        record_.cgroup_created = is_free(engine_.cgroups(), record_.cgroup_path);
    }
    record_.memory_and_swap = config.resources.memory.swap.value_or(0);
    record_.checks_memory_usage = config.resources.memory.check_before_update;
    directory_.save_config(bundle_.config);
    directory_.save(record_);
}

void Creation::make_cgroup() {
    if (unit_) {
        return;  // systemd does, once there is a process to put into it
    }
    const oci::Resources& resources = bundle_.spec.linux_.resources;
    if (engine_.options().cgroup_manager == CgroupManager::disabled) {
        if (has_limits(resources)) {
            throw Error("/linux/resources: cgroups are disabled by --cgroup-manager");
        }
        return;
    }
    try {
        cgroup_.emplace(Cgroup::create(engine_.cgroups(), record_.cgroup_path));
        return;
    } catch (const Error& error) {
        // Not ours: who is in it must survive the way back.
        record_.cgroup_created = false;
        const bool is_refusal = error.error_number() == EACCES || error.error_number() == EPERM ||
                                error.error_number() == EROFS;
        if (!is_refusal || has_limits(resources) ||
            !tolerates_missing_cgroup(engine_.options(), privileges_)) {
            throw;
        }
    }
    record_.cgroup_path.clear();
    directory_.save(record_);
}

void Creation::make_class_of_service() {
    const std::optional<oci::IntelRdt>& config = bundle_.spec.linux_.intel_rdt;
    if (!config) {
        return;
    }
    const std::string root =
        in_context([] { return "/linux/intelRdt"; }, [] { return resctrl_root(); });
    record_.rdt = choose_rdt_group(root, *config, request_.id.text());
    directory_.save(record_);
    make_rdt_group(record_.rdt);
    write_schemata(record_.rdt, *config);
}

setup::Plan Creation::make_plan() {
    setup::Plan plan = build_init_plan({
        .spec = bundle_.spec,
        .privileges = privileges_,
        .id = request_.id.text(),
        .bundle = bundle_.path,
        .rootfs = record_.rootfs,
        .cgroup_directory = record_.cgroup_path.empty()
                                ? std::string()
                                : engine_.cgroups().host_path(record_.cgroup_path),
        .seccomp_cache_root = engine_.options().root,
        .prepared = prepared_.get(),
        .no_pivot = request_.no_pivot,
        .no_new_keyring = request_.no_new_keyring,
    });
    plan_inherited_fds(request_.listen_fds, request_.preserve_fds, plan);
    pass_notify_socket(request_, privileges_, directory_, plan);
    if (bare_mounts_) {
        start_from_bare_mounts(*bare_mounts_, plan);
    }
    plan.enters_cgroup_late = unit_ != nullptr;
    plan.timeline = engine_.options().timeline;
    plan.gate.kind = gate_;
    if (gate_ == setup::GateKind::socket) {
        plan.gate.listener = sys::listen_seqpacket(directory_.fd(), kStartSocket);
    }
    return plan;
}

/// The way into a unit's cgroup: systemd makes it around the process.
async::Task<sys::FdRef> Creation::enter_unit(const setup::Plan* plan, pid_t pid) {
    try {
        co_await unit_->start(
            pid, makes_processes(*plan) ? UnitLimits::later : UnitLimits::at_once
        );
    } catch (const Error& error) {
        // EEXIST: not ours, and must survive the way back.
        record_.cgroup_created = record_.cgroup_created && error.error_number() != EEXIST;
        throw;
    }
    const std::optional<std::string> path = try_cgroup_path_of(pid);
    if (!path) {
        throw Error("the container's process is gone", ESRCH);
    }
    if (*path != record_.cgroup_path || !record_.cgroup_created) {
        record_.cgroup_path = *path;
        record_.cgroup_created = true;
        directory_.save(record_);
    }
    cgroup_ = Cgroup::try_open(engine_.cgroups(), *path);
    if (!cgroup_) {
        throw Error(concat("cgroup ", quote(*path), " of the unit is gone"), ENOENT);
    }
    if (const std::optional<std::string> name =
            find_annotation(bundle_.spec.annotations, kSystemdSubgroup)) {
        in_context(
            [] { return concat("/annotations/", kSystemdSubgroup); },
            [&] { enter_subgroup(*name, pid); }
        );
    }
    co_return cgroup_->directory();
}

/// Systemd delegates the unit's cgroup, and removes with it what is below.
void Creation::enter_subgroup(const std::string& name, pid_t pid) {
    Cgroup subgroup = cgroup_->create_below(name);
    subgroup.add_process(pid);
    subgroup.enable_available_controllers();
    record_.cgroup_path = subgroup.path();
    directory_.save(record_);
    cgroup_ = std::move(subgroup);
}

async::Task<> Creation::limit(const setup::Plan* plan) {
    if (!cgroup_) {
        co_return;
    }
    const oci::Resources& resources = bundle_.spec.linux_.resources;
    if (unit_ && makes_processes(*plan)) {
        co_await unit_->set_limits();
    }
    if (!unit_) {
        cgroup_->enable_available_controllers();  // for the statistics that engines read
    }
    cgroup_->apply(resources);
    if (privileges_.host_root) {
        cgroup_->apply_devices(resources.devices);
    }
    if (delegates_cgroup(*plan)) {
        cgroup_->delegate_to(root_uid_on_host(bundle_.spec.linux_));
    }
}

/// Ready, so it has its cgroup namespace: that shows the container's cgroup with this one in it.
void Creation::move_to_delegated_cgroup(const setup::Plan& plan, pid_t pid) {
    const std::optional<std::string> name =
        find_annotation(bundle_.spec.annotations, kDelegateCgroup);
    if (!name) {
        return;
    }
    in_context(
        [] { return concat("/annotations/", kDelegateCgroup); },
        [&] {
            if (!cgroup_) {
                throw Error("the container has no cgroup");
            }
            Cgroup delegated = cgroup_->create_below(*name);
            if (delegates_cgroup(plan)) {
                delegated.delegate_to(root_uid_on_host(bundle_.spec.linux_));
            }
            delegated.add_process(pid);
        }
    );
}

void Creation::equip(const setup::Plan& plan, pid_t pid) {
    if (!record_.rdt.path.empty()) {
        join_rdt_group(record_.rdt, pid);
    }
    const std::vector<oci::NetDevice>& devices = bundle_.spec.linux_.net_devices;
    if (!devices.empty()) {
        net_devices_.emplace(network_namespace_of(plan, pid));
        net_devices_->move(devices);
    }
}

/// A start without the bare mount namespace is slower, not wrong.
void Creation::think_of_later_starts(std::chrono::steady_clock::duration birth_time) const {
    if (birth_time < kLongBirth || bare_mounts_ || !privileges_.host_root) {
        return;
    }
    try {
        if (keep_bare_mounts(engine_.options().root)) {
            engine_.log().debug("many mounts on the host: a bare mount namespace is kept");
        }
    } catch (const Error& error) {
        engine_.log().debug(error.what());
    }
}

/// Where tell_callers() has nobody to tell, and nothing else comes between Ready and the program.
bool Creation::may_let_go_early() const {
    const oci::StringMap& annotations = bundle_.spec.annotations;
    return gate_ == setup::GateKind::none && request_.console_socket.empty() &&
           request_.pidfd_socket.empty() && request_.pid_file.empty() &&
           !request_.has_notify_socket() && !find_annotation(annotations, kPidfdReceiver) &&
           !find_annotation(annotations, kDelegateCgroup);
}

void Creation::tell_callers(const Launched& launched) const {
    if (!request_.console_socket.empty()) {
        send_console(request_.console_socket, launched.console, "/dev/ptmx");
    }
    if (!request_.pidfd_socket.empty()) {
        send_pidfd(request_.pidfd_socket, launched.child.child());
    }
    if (const std::optional<std::string> receiver =
            find_path_annotation(bundle_.spec.annotations, kPidfdReceiver)) {
        send_pidfd(*receiver, launched.child.child());
    }
    if (!request_.pid_file.empty()) {
        write_pid_file(request_.pid_file, launched.child.child().pid());
    }
}

void Creation::warn(const std::vector<std::string>& warnings) const {
    for (const std::string& warning : warnings) {
        engine_.log().warning(warning);
    }
}

LaunchRequest Creation::launch_request(const setup::Plan& plan) {
    return {
        .plan = &plan,
        .steps = setup::init_steps(),
        .cgroup = cgroup_ ? std::optional(cgroup_->directory()) : std::nullopt,
        .enter_cgroup = [this, &plan](pid_t pid) { return enter_unit(&plan, pid); },
        .uid_mappings = &bundle_.spec.linux_.uid_mappings,
        .gid_mappings = &bundle_.spec.linux_.gid_mappings,
        .hooks = &bundle_.spec.hooks,
        .hook_state =
            {
                .oci_version = bundle_.spec.oci_version,
                .id = request_.id.text(),
                .bundle = bundle_.path,
                .annotations = &bundle_.spec.annotations,
            },
        .relays_console = request_.console_socket.empty(),
        .equip = [this, &plan](pid_t pid) { equip(plan, pid); },
        .apply_limits = [this, &plan] { return limit(&plan); },
        .on_birth =
            [this](const sys::ProcessIdentity& init) {
                engine_.log().debug(concat("first process ", init.pid));
                engine_.begin("record the process");
                record_.init = init;
                directory_.save(record_);
                engine_.begin("answer the process");
            },
        .lets_go_early = may_let_go_early(),
    };
}

async::Task<Launched> Creation::run() {
    check_net_devices(bundle_.spec.linux_, privileges_.rootless());
    engine_.begin("write the record");
    co_await prepare_unit();
    write_first_record();
    engine_.begin("make the cgroup");
    make_cgroup();
    make_class_of_service();
    engine_.log().debug(concat(
        "bundle ",
        quote(bundle_.path),
        ", rootfs ",
        quote(record_.rootfs),
        ", cgroup ",
        quote(record_.cgroup_path)
    ));
    engine_.begin("plan the start");
    const setup::Plan plan = make_plan();
    warn(warnings_for(*bundle_.spec.process));
    if (bundle_.spec.linux_.personality && !bundle_.spec.linux_.personality->flags.empty()) {
        warn({"/linux/personality/flags: ignored, the specification defines none"});
    }
    LaunchRequest request = launch_request(plan);
    engine_.begin("make the process");
    Launched launched = co_await launcher_(std::move(request));
    engine_.begin("tell the callers");
    warn(launched.warnings);
    think_of_later_starts(launched.birth_time);
    move_to_delegated_cgroup(plan, launched.child.child().pid());
    tell_callers(launched);
    record_.phase = Phase::created;
    if (gate_ == setup::GateKind::socket) {
        directory_.save(record_);
    }
    co_return launched;
}

}  // namespace

async::Task<Created> create_container(
    Engine& engine, CreateRequest request, setup::GateKind gate, Detach detach, Launcher launcher
) {
    engine.begin("read the bundle");
    Bundle bundle = load_bundle(request);
    refuse_unsupported(bundle.spec);
    check_terminal(request, bundle.spec, detach == Detach::yes);
    Creation creation(engine, request, std::move(bundle), gate, std::move(launcher));
    std::exception_ptr failure;
    std::optional<Launched> launched;
    try {
        launched.emplace(co_await creation.run());
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        co_await async::shielded(creation.undo());
        std::rethrow_exception(failure);
    }
    co_return creation.finish(std::move(*launched));
}

}  // namespace corun::container
