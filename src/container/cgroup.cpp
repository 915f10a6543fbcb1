// Making, freezing, killing and removing a container's cgroup. Parent side, in coroutines where the
// kernel takes its time. Limits are cgroup_limits.cpp's, devices cgroup_devices.cpp's.
#include "corun/container/cgroup.hpp"

#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/base/text.hpp"
#include "corun/container/cgroup_controllers.hpp"
#include "corun/container/cgroup_devices.hpp"
#include "corun/container/cgroup_limits.hpp"
#include "corun/container/cgroup_tree.hpp"
#include "corun/container/cgroup_update.hpp"
#include "corun/sys/bpf.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/path.hpp"
#include "corun/sys/uapi.hpp"
#include "corun/sys/watched_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace corun::container {

namespace {

constexpr mode_t kDirectoryMode = 0755;

/// What cgroup.events says. A cgroup that is gone, and the root, say neither.
struct Events {
    bool populated = false;
    bool frozen = false;
};

Events parse_events(std::string_view text) {
    Events events;
    for (const std::string_view line : split(text, '\n')) {
        events.populated = events.populated || line == "populated 1";
        events.frozen = events.frozen || line == "frozen 1";
    }
    return events;
}

Events events_of(sys::FdRef cgroup) {
    const std::optional<sys::WatchedFile> file =
        sys::WatchedFile::try_open(cgroup, "cgroup.events");
    const std::optional<std::string> text = file ? file->read() : std::nullopt;
    return text ? parse_events(*text) : Events();
}

enum class Goal { empty, frozen, thawed };

bool reached(const Events& events, Goal goal) {
    switch (goal) {
        case Goal::empty:
            return !events.populated;
        case Goal::frozen:
            return events.frozen;
        case Goal::thawed:
            return !events.frozen;
    }
    return true;
}

/// Waits for cgroup.events to say so; returns at once if the cgroup is gone.
async::Task<> until(sys::FdRef cgroup, Goal goal) {
    std::optional<sys::WatchedFile> file = sys::WatchedFile::try_open(cgroup, "cgroup.events");
    while (file) {
        const std::optional<std::string> text = file->read();
        if (!text || reached(parse_events(*text), goal)) {
            co_return;
        }
        co_await async::readable(file->changed());
    }
}

/// The path below the mount point as openat(2) and its like take it.
std::string relative(std::string_view path) {
    return path == "/" ? "." : std::string(path.substr(1));
}

/// Length of the parent's path in the first `length` characters: of "/a" in "/a/b", 0 of "/a".
std::size_t parent_length(const std::string& path, std::size_t length) {
    return path.rfind('/', length - 1);
}

std::optional<sys::UniqueFd> try_open_directory(sys::FdRef from, const std::string& path) {
    int error_number = 0;
    sys::UniqueFd directory = sys::openat2_nothrow(
        from,
        path,
        O_PATH | O_DIRECTORY,
        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
        error_number
    );
    if (directory) {
        return directory;
    }
    if (error_number == ENOENT) {
        return std::nullopt;
    }
    throw_errno_value(error_number, "openat2", path);
}

std::string_view remedy_for_mkdir(int error_number) {
    switch (error_number) {
        case EACCES:
        case EPERM:
            return " (run as root, or below a cgroup delegated to this user: systemd unit property "
                   "Delegate=yes)";
        case EROFS:
            return " (cgroup2 is mounted read-only)";
        case EAGAIN:
            return " (cgroup.max.depth or cgroup.max.descendants of an ancestor is reached)";
        default:
            return "";
    }
}

/// mkdir of the first `length` characters of `path`: 0, EEXIST or ENOENT.
int make_directory(const CgroupHierarchy& hierarchy, const std::string& path, std::size_t length) {
    const std::string_view part = std::string_view(path).substr(0, length);
    const int error_number =
        sys::mkdirat_errno(hierarchy.directory, relative(part), kDirectoryMode);
    if (error_number == 0 || error_number == EEXIST || error_number == ENOENT) {
        return error_number;
    }
    throw Error(
        concat(
            "mkdir(", double_quote(hierarchy.host_path(part)), ")", remedy_for_mkdir(error_number)
        ),
        error_number
    );
}

/// Removes the directories of `path` that are longer than `length_before`, deepest first, as long
/// as they are empty. Never throws: it runs on the way back from an error.
void remove_made(
    const CgroupHierarchy& hierarchy, const std::string& path, std::size_t length_before
) noexcept {
    for (std::size_t length = path.size(); length > length_before;
         length = parent_length(path, length)) {
        // Whatever keeps it (a process, another container below) also keeps its parents.
        if (sys::rmdirat_errno(hierarchy.directory, relative(path.substr(0, length))) == EBUSY) {
            return;
        }
    }
}

/// Makes what is missing of `path`: up until a directory is there, then down. The length of the
/// part that was there before.
std::size_t make_directories(const CgroupHierarchy& hierarchy, const std::string& path) {
    std::size_t length = path.size();
    int result = make_directory(hierarchy, path, length);
    while (result == ENOENT) {
        length = parent_length(path, length);
        if (length == 0) {
            throw_errno_value(ENOENT, "mkdir", hierarchy.host_path(path));
        }
        result = make_directory(hierarchy, path, length);
    }
    const std::size_t before = result == EEXIST ? length : parent_length(path, length);
    ScopeExit undo([&] { remove_made(hierarchy, path, before); });
    while (length < path.size()) {
        length = std::min(path.find('/', length + 1), path.size());
        // ENOENT: another command removed a parent in this moment.
        if (make_directory(hierarchy, path, length) == ENOENT) {
            throw_errno_value(ENOENT, "mkdir", hierarchy.host_path(path));
        }
    }
    undo.dismiss();
    return before;
}

std::string count_and_names(const std::vector<pid_t>& pids) {
    constexpr std::size_t kMostNamed = 8;
    std::string text = concat(pids.size(), " process(es)");
    for (std::size_t i = 0; i < std::min(pids.size(), kMostNamed); ++i) {
        text += concat(i == 0 ? ": " : ", ", pids[i]);
    }
    return pids.size() > kMostNamed ? text + ", ..." : text;
}

/// The words are runc's: callers and test suites look for them.
void refuse_used(const Cgroup& cgroup) {
    const Events events = events_of(cgroup.directory());
    const bool is_root = cgroup.path() == "/";  // has no cgroup.events
    if (events.populated || is_root) {
        const std::size_t count = processes_in_tree(cgroup.directory()).size();
        throw Error(concat(
            "container's cgroup is not empty: ",
            count,
            " process(es) found in ",
            quote(cgroup.host_path())
        ));
    }
    if (events.frozen) {
        throw Error(concat("container's cgroup unexpectedly frozen: ", quote(cgroup.host_path())));
    }
}

/// The nearest cgroup from `path` upwards whose own freezer is on; nothing if none is.
std::optional<std::string> frozen_ancestor(const CgroupHierarchy& hierarchy, std::string path) {
    while (path.size() > 1) {
        const std::optional<std::string> state =
            sys::try_read_file(hierarchy.directory, concat(relative(path), "/cgroup.freeze"));
        if (state && trim(*state) == "1") {
            return path;
        }
        path.resize(parent_length(path, path.size()));
    }
    return std::nullopt;
}

/// One of the files that every cgroup but the root has. Errno, or 0.
int write_core_file(sys::FdRef cgroup, const std::string& file, std::string_view value) {
    const int error_number = sys::write_file_errno(cgroup, file, value);
    return error_number == ENODEV ? ENOENT : error_number;
}

bool is_tolerated(LimitWrite::Tolerated tolerated, int error_number) {
    switch (tolerated) {
        case LimitWrite::Tolerated::nothing:
            return false;
        case LimitWrite::Tolerated::absence:
            return error_number == ENOENT;
        case LimitWrite::Tolerated::refusal:
            return error_number == EINVAL;
    }
    return false;
}

void write_limit(const Cgroup& cgroup, const LimitWrite& limit) {
    const std::string* file = &limit.file;
    const std::string* value = &limit.value;
    int error_number = sys::write_file_errno(cgroup.directory(), *file, *value);
    if (error_number == ENOENT && !limit.other_file.empty()) {
        file = &limit.other_file;
        value = &limit.other_value;
        error_number = sys::write_file_errno(cgroup.directory(), *file, *value);
    }
    if (error_number != 0 && !is_tolerated(limit.tolerated, error_number)) {
        throw Error(
            concat(
                limit.property,
                ": write ",
                quote(*value),
                " to ",
                quote(concat(cgroup.host_path(), "/", *file))
            ),
            error_number
        );
    }
}

/// The program an earlier apply_devices() attached; there may be others, of systemd or of the user.
std::optional<sys::UniqueFd> try_own_device_program(sys::FdRef cgroup) {
    for (sys::BpfProgram& program : sys::device_programs_of(cgroup)) {
        if (program.name == kDeviceProgramName) {
            return std::move(program.fd);
        }
    }
    return std::nullopt;
}

void refuse_to_climb(const std::string& path) {
    int depth = 0;
    for (const std::string_view part : split(path, '/')) {
        if (part == "..") {
            --depth;
        } else if (!part.empty() && part != ".") {
            ++depth;
        }
        if (depth < 0) {
            throw Error(concat(
                "bad sub cgroup path: ", path, " is not a sub cgroup path of the container's"
            ));
        }
    }
}

async::Task<> remove_when_empty(sys::FdRef cgroup, sys::FdRef mount, std::string path) {
    do {
        co_await until(cgroup, Goal::empty);
        // Empty and yet EBUSY: somebody makes cgroups below at this moment. Others run meanwhile,
        // and the caller's deadline ends it.
        co_await async::yield();
    } while (!try_remove_tree(mount, path));
}

}  // namespace

Cgroup::Cgroup(const CgroupHierarchy& hierarchy, std::string path, sys::UniqueFd directory)
    : hierarchy_(&hierarchy),
      path_(std::move(path)),
      directory_(std::move(directory)),
      length_before_(path_.size()) {}

Cgroup Cgroup::create(const CgroupHierarchy& hierarchy, const std::string& path) {
    const std::string clean = sys::clean_absolute(path);
    return in_context(
        [&] { return concat("create cgroup ", quote(clean)); },
        [&] {
            const std::size_t length_before = make_directories(hierarchy, clean);
            ScopeExit undo([&] { remove_made(hierarchy, clean, length_before); });
            std::optional<Cgroup> cgroup = try_open(hierarchy, clean);
            if (!cgroup) {
                throw_errno_value(ENOENT, "open", hierarchy.host_path(clean));
            }
            cgroup->length_before_ = length_before;
            if (!cgroup->is_new()) {
                refuse_used(*cgroup);
            }
            undo.dismiss();
            return std::move(*cgroup);
        }
    );
}

std::optional<Cgroup> Cgroup::try_open(const CgroupHierarchy& hierarchy, const std::string& path) {
    std::string clean = sys::clean_absolute(path);
    std::optional<sys::UniqueFd> directory =
        try_open_directory(hierarchy.directory, relative(clean));
    if (!directory) {
        return std::nullopt;
    }
    return Cgroup(hierarchy, std::move(clean), std::move(*directory));
}

Cgroup Cgroup::create_below(const std::string& path) const {
    refuse_to_climb(path);
    return create(*hierarchy_, concat(path_, sys::clean_absolute(path)));
}

void Cgroup::add_process(pid_t pid) {
    const int error_number = write_core_file(directory_, "cgroup.procs", concat(pid));
    if (error_number != 0) {
        throw Error(
            concat("write ", pid, " to ", quote(host_path() + "/cgroup.procs")), error_number
        );
    }
}

std::optional<Cgroup> Cgroup::try_open_below(const std::string& path) const {
    refuse_to_climb(path);
    const std::string below = sys::clean_absolute(path);
    std::optional<sys::UniqueFd> directory = try_open_directory(directory_, relative(below));
    if (!directory) {
        return std::nullopt;
    }
    return Cgroup(*hierarchy_, sys::clean_absolute(concat(path_, below)), std::move(*directory));
}

void Cgroup::apply(const oci::Resources& resources) {
    const std::vector<LimitWrite> writes = limit_writes(resources);
    if (writes.empty()) {
        return;
    }
    enable_controllers(*hierarchy_, path_, controllers_for(writes));
    check_memory_usage(resources.memory);
    for (const LimitWrite& one : writes) {
        write_limit(*this, one);
    }
}

void Cgroup::write_all_or_none(const std::vector<LimitWrite>& writes) {
    enable_controllers(*hierarchy_, path_, controllers_for(writes));
    const std::vector<LimitWrite> before = writes_to_restore(directory_, writes);
    ScopeExit restore([&] {
        for (const LimitWrite& one : before) {
            // As well as it goes: the error to be told is the one that led here.
            (void)sys::write_file_errno(directory_, one.file, one.value);
        }
    });
    for (const LimitWrite& one : writes) {
        write_limit(*this, one);
    }
    restore.dismiss();
}

void Cgroup::check_memory_usage(const oci::MemoryResources& memory) const {
    if (!wants_usage_check(memory)) {
        return;
    }
    const std::optional<std::string> usage = sys::try_read_file(directory_, "memory.current");
    check_usage(memory, parse_number<std::uint64_t>(trim(usage.value_or(""))).value_or(0));
}

void Cgroup::apply_devices(const std::vector<oci::DeviceRule>& rules) {
    in_context(
        [&] { return concat("device filter of cgroup ", quote(path_)); },
        [&] {
            const std::optional<sys::UniqueFd> earlier =
                is_new() ? std::nullopt : try_own_device_program(directory_);
            if (!allow_everything(rules)) {
                const sys::UniqueFd program =
                    sys::load_device_program(device_program(rules), kDeviceProgramName);
                sys::attach_device_program(
                    directory_, program, earlier ? std::optional(earlier->ref()) : std::nullopt
                );
            } else if (earlier) {
                sys::detach_device_program(directory_, *earlier);
            }
        }
    );
}

void Cgroup::enable_available_controllers() {
    enable_all_controllers(*hierarchy_, path_);
}

void Cgroup::delegate_to(uid_t uid) {
    constexpr std::string_view kDefaultFiles =
        "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
    constexpr gid_t kUnchanged = ~gid_t{0};
    const std::string files = sys::try_read_file(sys::FdRef::cwd(), "/sys/kernel/cgroup/delegate")
                                  .value_or(std::string(kDefaultFiles));
    in_context(
        [&] { return concat("delegate cgroup ", quote(path_)); },
        [&] {
            sys::fchownat(directory_, "", uid, kUnchanged, AT_EMPTY_PATH);
            for (const std::string_view file : split(trim(files), '\n')) {
                // The list has the files of all controllers, the cgroup those it was given.
                if (sys::try_fstatat(directory_, std::string(file))) {
                    sys::fchownat(directory_, std::string(file), uid, kUnchanged);
                }
            }
        }
    );
}

async::Task<> Cgroup::freeze(std::chrono::steady_clock::duration limit) {
    // However this ends but well (an error, the deadline, a cancelled task): nobody stays frozen.
    ScopeExit thaw_again([this] { (void)write_core_file(directory_, "cgroup.freeze", "0"); });
    try {
        const int error_number = write_core_file(directory_, "cgroup.freeze", "1");
        if (error_number != 0) {
            throw_errno_value(error_number, "write", "cgroup.freeze");
        }
        co_await async::with_deadline(limit, until(directory_, Goal::frozen));
    } catch (Error& error) {
        error.add_context(concat("freeze cgroup ", quote(path_)));
        throw;
    }
    thaw_again.dismiss();
}

void Cgroup::begin_thaw() {
    const int error_number = write_core_file(directory_, "cgroup.freeze", "0");
    if (error_number != 0) {
        throw_errno_value(error_number, "write", "cgroup.freeze");
    }
}

async::Task<> Cgroup::thaw(std::chrono::steady_clock::duration limit) {
    try {
        begin_thaw();
        co_await async::with_deadline(limit, until(directory_, Goal::thawed));
    } catch (Error& error) {
        if (const std::optional<std::string> culprit = frozen_ancestor(*hierarchy_, path_)) {
            error.add_context(concat("its ancestor ", quote(*culprit), " is frozen"));
        }
        error.add_context(concat("thaw cgroup ", quote(path_)));
        throw;
    }
}

bool Cgroup::is_frozen() const {
    return events_of(directory_).frozen;
}

bool Cgroup::is_populated() const {
    return events_of(directory_).populated;
}

void Cgroup::kill() {
    const int error_number = write_core_file(directory_, "cgroup.kill", "1");
    if (error_number != 0 && error_number != ENOENT) {
        throw Error(concat("write '1' to ", quote(host_path() + "/cgroup.kill")), error_number);
    }
}

async::Task<> Cgroup::wait_until_empty(std::chrono::steady_clock::duration limit) {
    try {
        co_await async::with_deadline(limit, until(directory_, Goal::empty));
    } catch (Error& error) {
        error.add_context(
            concat("cgroup ", quote(path_), " still has ", count_and_names(processes()))
        );
        throw;
    }
}

async::Task<> Cgroup::remove(std::chrono::steady_clock::duration limit) {
    // The usual case: its processes are gone and it has no children.
    if (try_remove_tree(hierarchy_->directory, relative(path_))) {
        co_return;
    }
    try {
        co_await async::with_deadline(
            limit, remove_when_empty(directory_, hierarchy_->directory, relative(path_))
        );
    } catch (Error& error) {
        error.add_context(
            concat("remove cgroup ", quote(path_), " with ", count_and_names(processes()))
        );
        throw;
    }
}

void Cgroup::remove_created() noexcept {
    remove_made(*hierarchy_, path_, length_before_);
}

std::vector<pid_t> Cgroup::processes() const {
    std::vector<pid_t> pids = processes_in_tree(directory_);
    pids.erase(std::remove(pids.begin(), pids.end(), 0), pids.end());
    return pids;
}

}  // namespace corun::container
