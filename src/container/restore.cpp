// From image files to a running container. Parent side.
//
//  criu's word         what we do
//  setup-namespaces    take the new process, which is our child; prestart and createRuntime hooks
//  orphan-pts-master   keep the master of its terminal
//  post-restore        make the root read-only, verify the mounts, set limits; then criu lets it
//  run
#include "corun/container/restore.hpp"

#include "corun/async/context.hpp"
#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/base/text.hpp"
#include "corun/container/console.hpp"
#include "corun/container/creation.hpp"
#include "corun/container/criu.hpp"
#include "corun/container/restored_mounts.hpp"
#include "corun/container/restored_root.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

namespace corun::container {

namespace {

constexpr std::size_t kMountTableLimit = 16U << 20U;
constexpr const char* kStageDirectory = "criu";

/// criu restores a mount namespace from the images; it can be neither joined nor done without.
void check_namespaces(const setup::Plan& plan) {
    if (!plan.namespaces.creates(CLONE_NEWNS)) {
        throw Error("/linux/namespaces: restore needs a new mount namespace");
    }
    for (const setup::JoinedNamespace& joined : plan.namespaces.joined) {
        if (joined.kind == CLONE_NEWCGROUP || joined.kind == CLONE_NEWTIME) {
            throw Error(concat(
                "/linux/namespaces: criu cannot restore into the namespace ", quote(joined.path)
            ));
        }
    }
}

/// criu's names for kinds that it joins by a file.
std::string_view criu_kind(int kind) {
    return kind == CLONE_NEWIPC ? "ipc" : kind == CLONE_NEWUTS ? "uts" : "user";
}

/// The namespaces that are not the container's: some are passed as descriptors, others as files
/// (of this process' descriptors: the kind was checked, and nobody can change what they are).
void join_namespaces(const setup::Plan& plan, CriuJob& job) {
    for (const setup::JoinedNamespace& joined : plan.namespaces.joined) {
        const std::optional<std::string> key =
            external_namespace_key(static_cast<oci::NamespaceKind>(joined.kind));
        if (key) {
            const int number = kFirstExtraFd + static_cast<int>(job.extra_fds.size());
            job.options.inherited_fds.push_back({.key = *key, .number = number});
            job.extra_fds.push_back(joined.fd);
        } else {
            job.options.joined_namespaces.push_back({
                .key = std::string(criu_kind(joined.kind)),
                .value = concat("/proc/", ::getpid(), "/fd/", joined.fd.ref().number()),
            });
        }
    }
}

/// Our own standard streams in place of those that the container had from outside.
void inherit_streams(const std::vector<std::string>& streams, CriuOptions& options) {
    for (std::size_t i = 0; i < streams.size() && i < 3; ++i) {
        if (streams[i].starts_with("pipe:[") || streams[i].starts_with("file[")) {
            options.inherited_fds.push_back({.key = streams[i], .number = static_cast<int>(i)});
        }
    }
}

/// One restore under way, in the place of launch().
class Restoration : NonCopyable {
public:
    Restoration(const RestoreRequest& request, LaunchRequest launch)
        : request_(request), launch_(std::move(launch)), plan_(*launch_.plan) {}

    async::Task<Launched> run(std::string program, std::string state_directory);

private:
    void prepare(CriuJob& job);
    async::Task<> hear(CriuNotification notification);
    async::Task<> meet_process(pid_t pid);
    void verify_mounts() const;
    [[nodiscard]] Launched finish();

    const RestoreRequest& request_;
    LaunchRequest launch_;
    const setup::Plan& plan_;
    CriuDirectories directories_;
    CriuStage stage_;
    std::vector<ExpectedMount> expected_;
    std::optional<sys::ChildGuard> process_;
    sys::ProcessIdentity identity_;
    sys::UniqueFd console_;
};

void Restoration::prepare(CriuJob& job) {
    directories_ = open_criu_directories(request_.flags);
    stage_.root = plan_.rootfs.source.tree;
    stage_.mounts = restored_sources(plan_);
    expected_ = expected_mounts(plan_);
    ensure_mount_points(plan_);

    job.options = common_criu_options(request_.flags, *launch_.hook_state.annotations);
    job.options.root = staged_root(stage_);
    job.options.log_file = "restore.log";
    job.options.tcp_close = request_.tcp_close;
    job.options.lsm_profile = request_.lsm_profile;
    job.options.lsm_mount_context = request_.lsm_mount_context;
    for (std::size_t i = 0; i < stage_.mounts.size(); ++i) {
        job.options.external_mounts.push_back(
            {.key = stage_.mounts[i].name, .value = staged_mount(stage_, i)}
        );
    }
    join_namespaces(plan_, job);
    inherit_streams(
        descriptors_from_json(sys::read_file(directories_.images, kDescriptorsFile)), job.options
    );
    job.images_path = directories_.images_path;
    job.work_path = directories_.work_path;
    job.needed.lazy_pages = request_.flags.lazy_pages;
    job.cgroup = launch_.cgroup;
    if (plan_.enters_cgroup_late) {
        job.enter_cgroup = launch_.enter_cgroup;
    }
    job.stage = &stage_;
}

async::Task<> Restoration::hear(CriuNotification notification) {
    if (notification.name == "setup-namespaces") {
        co_await meet_process(notification.pid);
    } else if (notification.name == "orphan-pts-master") {
        console_ = std::move(notification.fd);
    } else if (notification.name == "post-restore") {
        if (!process_) {
            throw Error("criu did not say which process it restores", EPROTO);
        }
        if (plan_.rootfs.readonly) {
            co_await make_root_readonly(&process_->child());
        }
        verify_mounts();
        if (launch_.apply_limits) {
            co_await launch_.apply_limits();
        }
    }
}

/// By pid: it is our child, so its number cannot be another's before we have reaped it.
async::Task<> Restoration::meet_process(pid_t pid) {
    std::optional<sys::Pidfd> process = sys::Pidfd::try_open(pid);
    if (!process) {
        throw Error("the restored process is gone", ESRCH);
    }
    process_.emplace(std::move(*process));
    const std::optional<sys::ProcessStat> stat = sys::try_process_stat(pid);
    if (!stat) {
        throw Error("the restored process has ended", ESRCH);
    }
    identity_ = {.pid = pid, .start_time = stat->start_time};
    if (launch_.equip) {
        launch_.equip(pid);
    }
    if (launch_.on_birth) {
        launch_.on_birth(identity_);
    }
    co_await run_parent_hooks(&launch_, pid);
}

void Restoration::verify_mounts() const {
    const std::string proc = concat("/proc/", process_->child().pid());
    const sys::RootDir root(sys::open(concat(proc, "/root"), O_PATH | O_DIRECTORY));
    const std::vector<MountEntry> mounts = parse_mountinfo(
        sys::read_file(sys::FdRef::cwd(), concat(proc, "/mountinfo"), kMountTableLimit)
    );
    verify_restored_mounts(root, mounts, expected_);
}

Launched Restoration::finish() {
    if (console_ && launch_.relays_console) {
        prepare_relay(console_);
    }
    return {
        .child = std::move(*process_),
        .identity = identity_,
        .socket = {},
        .console = std::move(console_),
        .warnings = {},
    };
}

async::Task<Launched> Restoration::run(std::string program, std::string state_directory) {
    check_namespaces(plan_);
    if (!plan_.rootfs.source.tree) {
        throw Error("restore needs root on the host", EPERM);
    }
    stage_.directory = concat(state_directory, "/", kStageDirectory);
    sys::mkdirat(sys::FdRef::cwd(), stage_.directory, 0700);
    const ScopeExit no_stage([this] {
        // Else it goes with the container's directory.
        (void)sys::rmdirat_errno(sys::FdRef::cwd(), stage_.directory);
    });
    CriuJob job{
        .program = std::move(program),
        .kind = CriuRequestKind::restore,
        .listener = [this](CriuNotification heard) { return hear(std::move(heard)); },
    };
    prepare(job);
    (void)co_await run_criu(std::move(job));
    co_return finish();
}

/// criu restores into a time namespace where the kernel has them. It is the container's from now
/// on: on record, so that `exec` joins it.
void note_time_namespace(const ContainerDirectory& directory, pid_t pid) {
    struct stat its = {};
    struct stat ours = {};
    if (sys::stat_errno(concat("/proc/", pid, "/ns/time"), its) != 0 ||
        sys::stat_errno("/proc/self/ns/time", ours) != 0 || its.st_ino == ours.st_ino) {
        return;
    }
    nlohmann::ordered_json config = nlohmann::ordered_json::parse(directory.load_config());
    nlohmann::ordered_json& namespaces = config["linux"]["namespaces"];
    for (const nlohmann::ordered_json& ns : namespaces) {
        if (ns.value("type", std::string()) == "time") {
            return;
        }
    }
    namespaces.push_back({{"type", "time"}});
    directory.replace_config(config.dump());
}

async::Task<Launched> restore_process(
    Engine* engine, const RestoreRequest* request, std::string program, LaunchRequest launch
) {
    const ContainerDirectory directory = engine->store().open(request->run.create.id);
    Restoration restoration(*request, std::move(launch));
    Launched launched = co_await restoration.run(std::move(program), directory.path());
    note_time_namespace(directory, launched.identity.pid);
    co_return launched;
}

}  // namespace

async::Task<sys::ExitStatus> restore(Engine& engine, RestoreRequest request) {
    std::string program = find_criu();
    RunRequest run = request.run;
    Launcher launcher = [&](LaunchRequest launch) {
        return restore_process(&engine, &request, program, std::move(launch));
    };
    co_return co_await run_with(engine, std::move(run), std::move(launcher));
}

}  // namespace corun::container
