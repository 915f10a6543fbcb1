// From a running container to image files. Parent side; the container is frozen by criu, not by us.
#include "corun/container/checkpoint.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/criu.hpp"
#include "corun/container/dumped_mounts.hpp"
#include "corun/container/notify_socket.hpp"
#include "corun/container/privileges.hpp"
#include "corun/container/remove.hpp"
#include "corun/container/status.hpp"
#include "corun/oci/read_spec.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace corun::container {

namespace {

constexpr std::size_t kMountTableLimit = 16U << 20U;

/// The container as a dump finds it, and what is open of it.
struct Subject {
    Record record;
    oci::Spec spec;
    sys::Pidfd init;
    sys::RootDir root;
    std::vector<MountEntry> mounts;
    std::vector<std::string> streams;
    bool has_notify_mount = false;
};

std::string proc_path(const sys::Pidfd& process, std::string_view name) {
    return concat("/proc/", process.pid(), "/", name);
}

void require_running(Status status) {
    if (status != Status::running && status != Status::paused) {
        throw Error(
            concat("container cannot be checkpointed in ", oci::status_name(status), " state")
        );
    }
}

Subject open_subject(Engine& engine, const ContainerDirectory& directory) {
    Record record = directory.load_existing();
    Observation seen = observe(engine, directory, record);
    require_running(seen.status);
    const sys::Pidfd& init = *seen.init;
    sys::RootDir root(sys::open(proc_path(init, "root"), O_PATH | O_DIRECTORY));
    std::vector<MountEntry> mounts = parse_mountinfo(
        sys::read_file(sys::FdRef::cwd(), proc_path(init, "mountinfo"), kMountTableLimit)
    );
    std::vector<std::string> streams =
        record.streams.empty() ? standard_streams(concat(init.pid())) : record.streams;
    // After all that was found by the number: it was still the container's.
    if (init.has_exited()) {
        require_running(Status::stopped);
    }
    return {
        .record = std::move(record),
        .spec = oci::read_spec(directory.load_config()),
        .init = std::move(*seen.init),
        .root = std::move(root),
        .mounts = std::move(mounts),
        .streams = std::move(streams),
        .has_notify_mount = sys::try_fstatat(directory.fd(), kNotifyDirectory).has_value(),
    };
}

/// Relative, so that the images can be moved together.
void check_parent(const CheckpointRequest& request, sys::FdRef images) {
    if (request.parent_path.empty()) {
        return;
    }
    if (request.parent_path.starts_with('/')) {
        throw Error("--parent-path must be relative (to --image-path)");
    }
    in_context(
        [] { return "invalid --parent-path"; },
        [&] { (void)sys::openat(images, request.parent_path, O_PATH | O_DIRECTORY); }
    );
}

void check_status_fd(const CheckpointRequest& request) {
    if (!request.status_fd) {
        return;
    }
    const int flags = ::fcntl(*request.status_fd, F_GETFL);
    if (flags < 0) {
        throw_errno(concat("invalid --status-fd argument ", *request.status_fd, ": fcntl"));
    }
    if ((flags & O_ACCMODE) == O_RDONLY) {
        throw Error(concat("invalid --status-fd argument ", *request.status_fd, ": not writable"));
    }
}

/// `net[4026532008]:extRootNetNS` for each namespace that was joined, not made.
std::vector<std::string> external_namespaces(const Subject& subject) {
    std::vector<std::string> external;
    for (const oci::Namespace& ns : subject.spec.linux_.namespaces) {
        const std::optional<std::string> key =
            ns.path.empty() ? std::nullopt : external_namespace_key(ns.kind);
        if (key) {
            const std::string name = ns.kind == oci::NamespaceKind::network ? "net" : "pid";
            const struct stat status =
                sys::fstat(sys::open(proc_path(subject.init, concat("ns/", name)), O_RDONLY));
            external.push_back(concat(name, "[", status.st_ino, "]:", *key));
        }
    }
    return external;
}

std::string hexadecimal(std::uint64_t value) {
    std::array<char, 16> digits{};
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return {digits.data(), result.ptr};
}

/// mnt_id of /proc/PID/fdinfo/N.
std::optional<std::uint64_t> mount_of_stream(const Subject& subject, std::size_t number) {
    const std::optional<std::string> text =
        sys::try_read_file(sys::FdRef::cwd(), proc_path(subject.init, concat("fdinfo/", number)));
    for (const std::string_view line : split(text.value_or(""), '\n')) {
        constexpr std::string_view kKey = "mnt_id:";
        if (line.starts_with(kKey)) {
            return parse_number<std::uint64_t>(trim(line.substr(kKey.size())));
        }
    }
    return std::nullopt;
}

/// A standard stream that is a file of the host's (its /dev/null, a log) lies on no mount of the
/// container's. It becomes external, and its name takes the path's place in the list, so that a
/// restore puts its own stream there.
void name_host_streams(Subject& subject, std::vector<std::string>& external) {
    for (std::size_t i = 0; i < subject.streams.size(); ++i) {
        struct stat status = {};
        const std::string path = proc_path(subject.init, concat("fd/", i));
        if (sys::stat_errno(path, status) != 0 ||
            !(S_ISREG(status.st_mode) || S_ISCHR(status.st_mode))) {
            continue;
        }
        const std::optional<std::uint64_t> mount = mount_of_stream(subject, i);
        if (!mount || find_mount(subject.mounts, *mount) != nullptr) {
            continue;
        }
        subject.streams[i] =
            concat("file[", hexadecimal(*mount), ":", hexadecimal(status.st_ino), "]");
        if (std::find(external.begin(), external.end(), subject.streams[i]) == external.end()) {
            external.push_back(subject.streams[i]);
        }
    }
}

CriuOptions dump_options(
    Engine& engine,
    const CheckpointRequest& request,
    const CriuDirectories& directories,
    Subject& subject
) {
    CriuOptions options = common_criu_options(request.flags, subject.record.annotations);
    options.pid = subject.init.pid();
    options.root = subject.record.rootfs;
    options.log_file = "dump.log";
    options.leave_running = request.leave_running;
    options.tcp_skip_in_flight = request.tcp_skip_in_flight;
    options.link_remap = request.link_remap;
    options.page_server = request.page_server;
    options.parent_images = request.parent_path;
    options.track_memory = !request.parent_path.empty();
    options.external = external_namespaces(subject);
    if (const std::optional<Cgroup> cgroup = try_open_cgroup(engine, subject.record)) {
        options.freezer_cgroup = cgroup->host_path();
    }
    if (!request.pre_dump) {
        const std::vector<std::string> own_mounts =
            subject.has_notify_mount ? std::vector<std::string>{kNotifyDestination}
                                     : std::vector<std::string>();
        options.external_mounts =
            dumped_external_mounts(subject.spec, subject.root, subject.mounts, own_mounts);
        name_host_streams(subject, options.external);
        sys::replace_file(
            directories.images, kDescriptorsFile, json_strings(subject.streams), 0600
        );
    }
    return options;
}

/// criu locks and unlocks the network by itself; what else it tells needs no answer.
async::Task<> answer(CriuNotification notification, std::optional<int> status_fd) {
    if (notification.name == "status-ready" && status_fd) {
        sys::write_all(sys::FdRef(*status_fd), std::string_view("\0", 1));
        const sys::UniqueFd closes(*status_fd);  // whoever reads it waits for its end too
    }
    co_return;
}

}  // namespace

async::Task<> checkpoint(Engine& engine, CheckpointRequest request) {
    ContainerDirectory directory = engine.store().open(request.id);
    directory.lock();
    Subject subject = open_subject(engine, directory);
    std::string program = find_criu();
    check_status_fd(request);
    const CriuDirectories directories = open_criu_directories(request.flags);
    check_parent(request, directories.images);
    CriuJob job{
        .program = std::move(program),
        .kind = request.pre_dump ? CriuRequestKind::pre_dump : CriuRequestKind::dump,
        .options = dump_options(engine, request, directories, subject),
        .images_path = directories.images_path,
        .work_path = directories.work_path,
        .needed = {.memory_tracking = request.pre_dump, .lazy_pages = request.flags.lazy_pages},
        .listener = [status_fd = request.status_fd](CriuNotification notification
                    ) { return answer(std::move(notification), status_fd); },
    };
    (void)co_await run_criu(std::move(job));
    if (!request.leave_running && !request.pre_dump) {
        co_await destroy(engine, directory, std::move(subject.record));
    }
}

}  // namespace corun::container
