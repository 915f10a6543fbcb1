// The bare mount namespace: made by a short-lived child, kept by a mount, used by later starts.
#include "corun/container/bare_mounts.hpp"

#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/base/text.hpp"
#include "corun/container/cache_directory.hpp"
#include "corun/container/plan_process.hpp"
#include "corun/setup/masks.hpp"
#include "corun/setup/pivot.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/scheduling.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

namespace corun::container {

namespace {

constexpr const char* kDirectory = "mounts";
constexpr const char* kFile = "namespace";
constexpr long kMostCpus = 64;  // to try

/// Copying fewer takes some hundred microseconds at most. What comes after them is not read.
bool has_many_mounts() {
    constexpr std::ptrdiff_t kMany = 300;
    const sys::UniqueFd table = sys::open("/proc/self/mountinfo", O_RDONLY);
    std::array<char, 4096> buffer = {};
    std::ptrdiff_t count = 0;
    std::size_t size = 0;
    do {
        size = sys::read_some(table, buffer.data(), buffer.size());
        count += std::count(buffer.data(), buffer.data() + size, '\n');
    } while (size > 0 && count < kMany);
    return count >= kMany;
}

void become_bare() {
    sys::mount_setattr_at(
        sys::FdRef::cwd(), "/", {.propagation = MS_PRIVATE}, sys::Depth::recursive
    );
    const sys::UniqueFd empty = setup::make_empty_directory({});
    sys::attach_mount(empty, sys::open("/", O_PATH | O_DIRECTORY));
    setup::pivot_to(empty);
}

/// Tells its errno (0: none) and, with the namespace, waits for its end.
[[noreturn]] void be_bare(unsigned cpu, sys::FdRef answer) noexcept {
    int error_number = 0;
    try {
        sys::set_parent_death_signal(SIGKILL);
        sys::sched_setaffinity(parse_bit_list(std::to_string(cpu)));
        sys::unshare(CLONE_NEWNS);
        become_bare();
    } catch (const Error& error) {
        error_number = error.error_number();
    } catch (...) {
        error_number = ENOMEM;
    }
    (void)!::write(answer.number(), &error_number, sizeof error_number);
    while (true) {
        ::pause();
    }
}

/// A plain function, so that the child leaves no coroutine behind.
sys::ChildGuard make_bare(unsigned cpu) {
    const sys::Pipe pipe = sys::make_pipe();
    sys::Cloned cloned = sys::clone3(0);
    if (cloned.in_child()) {
        be_bare(cpu, pipe.write_end);
    }
    sys::ChildGuard child(std::move(cloned.process));
    int error_number = 0;
    auto* const answer = reinterpret_cast<char*>(&error_number);
    const sys::Transferred read = sys::try_read(pipe.read_end, answer, sizeof error_number);
    if (read.size != sizeof error_number || error_number != 0) {
        throw Error("make a bare mount namespace", error_number == 0 ? ECHILD : error_number);
    }
    return child;
}

/// The kernel mounts no namespace that it takes for older than the own one (ELOOP); false then.
/// Since Linux 6.18 each CPU numbers the namespaces made on it from a block of its own, so a new
/// one may look old. On a CPU that this process may not use (EINVAL): false as well.
bool try_to_keep(unsigned cpu, sys::FdRef file) {
    try {
        const sys::ChildGuard child = make_bare(cpu);
        const sys::UniqueFd mount = sys::clone_tree(
            sys::FdRef::cwd(), concat("/proc/", child.child().pid(), "/ns/mnt"), sys::Depth::single
        );
        sys::attach_mount(mount, file);
        return true;
    } catch (const Error& error) {
        if (error.error_number() != EINVAL && error.error_number() != ELOOP) {
            throw;
        }
        return false;
    }
}

/// The kernel mounts no mount namespace where it would have to show up in others, as on /run, which
/// systemd shares.
sys::UniqueFd cover_with_private_mount(sys::FdRef directory) {
    sys::FilesystemContext context("tmpfs");
    context.set_string("mode", "0700");
    context.create();
    sys::UniqueFd mount = context.mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    sys::attach_mount(mount, directory);
    sys::mount_setattr(mount, {.propagation = MS_PRIVATE}, sys::Depth::single);
    return mount;
}

bool needs_no_host_mounts(const setup::MountPlan& mount) {
    return mount.kind != setup::MountKind::bind || mount.source.tree ||
           !mount.source.in_container.empty();
}

}  // namespace

std::optional<sys::UniqueFd> open_bare_mounts(const std::string& state_root) {
    std::optional<sys::UniqueFd> file = sys::try_open(
        concat(state_root, "/", kCacheDirectory, "/", kDirectory, "/", kFile),
        O_RDONLY | O_NOFOLLOW | O_NONBLOCK
    );
    return file && sys::namespace_kind(*file) == CLONE_NEWNS ? std::move(file) : std::nullopt;
}

bool keep_bare_mounts(const std::string& state_root) {
    if (!has_many_mounts()) {
        return false;
    }
    const sys::UniqueFd directory =
        open_private_directory(open_cache_directory(state_root), kDirectory);
    if (!sys::try_lock_exclusive(directory) || open_bare_mounts(state_root)) {
        return false;
    }
    const sys::UniqueFd place = cover_with_private_mount(directory);
    const std::string path = concat(state_root, "/", kCacheDirectory, "/", kDirectory);
    ScopeExit uncover([&] { (void)::umount2(path.c_str(), MNT_DETACH); });
    const sys::UniqueFd file = sys::openat(place, kFile, O_RDONLY | O_CREAT, 0600);
    const long cpus = std::min(::sysconf(_SC_NPROCESSORS_CONF), kMostCpus);
    for (long cpu = 0; cpu < cpus; ++cpu) {
        if (try_to_keep(static_cast<unsigned>(cpu), file)) {
            uncover.dismiss();
            return true;
        }
    }
    return false;
}

void start_from_bare_mounts(sys::FdRef bare, setup::Plan& plan) {
    setup::NamespacePlan& namespaces = plan.namespaces;
    const bool has_early_hooks =
        plan.hooks.parent_has_hooks || !plan.hooks.create_container.empty();
    const bool is_possible =
        namespaces.creates(CLONE_NEWNS) && !namespaces.has_user_namespace() &&
        !namespaces.needs_relay() && !has_early_hooks &&
        plan.rootfs.root_switch == setup::RootSwitch::pivot && plan.rootfs.source.tree &&
        plan.rootfs.propagation != MS_SHARED && !plan.dev.binds_nodes &&
        std::all_of(plan.mounts.begin(), plan.mounts.end(), needs_no_host_mounts);
    if (is_possible) {
        namespaces.created &= ~static_cast<std::uint64_t>(CLONE_NEWNS);
        namespaces.bare_mounts = bare;
    }
}

}  // namespace corun::container
