// A cgroup of the version 2 hierarchy: made, limited, frozen, killed, emptied, removed.
// Parent side; needs write access to the cgroup's parent (root, or a delegated subtree).
// Never sleeps: what takes time is awaited through cgroup.events.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/cgroup_hierarchy.hpp"
#include "corun/oci/spec.hpp"
#include "corun/sys/fd.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

struct LimitWrite;

/// One cgroup, held by a descriptor of its directory. Destroying the object leaves the cgroup
/// alone: it is the container's, and outlives the command that made it. The hierarchy it was made
/// or opened in must outlive the object.
class Cgroup {
public:
    /// Makes the directories that are missing. A directory that was there is taken over only if
    /// neither it nor one below it has processes and it is not frozen. Enables no controllers:
    /// apply() does, for what it writes. On failure what was made is removed again.
    [[nodiscard]] static Cgroup create(const CgroupHierarchy& hierarchy, const std::string& path);

    /// Nothing if there is no such cgroup.
    [[nodiscard]] static std::optional<Cgroup> try_open(
        const CgroupHierarchy& hierarchy, const std::string& path
    );

    /// A cgroup below this one, for `exec --cgroup`; nothing if absent. Throws if `path` climbs out
    /// by "..".
    [[nodiscard]] std::optional<Cgroup> try_open_below(const std::string& path) const;

    /// Makes one below this one, as create() does.
    [[nodiscard]] Cgroup create_below(const std::string& path) const;

    /// Moves a process here, with all its threads.
    void add_process(pid_t pid);

    /// O_PATH descriptor of the directory: for clone3's CLONE_INTO_CGROUP.
    [[nodiscard]] sys::FdRef directory() const { return directory_; }

    /// Below the mount point, beginning with '/'.
    [[nodiscard]] const std::string& path() const { return path_; }

    /// As the host sees it: `/sys/fs/cgroup/…`.
    [[nodiscard]] std::string host_path() const { return hierarchy_->host_path(path_); }

    /// Writes the limits that are set, nothing else, after enabling the controllers they need down
    /// the tree. Devices are apply_devices()'s. An error names the JSON pointer, file and value.
    /// May run before or after the process is in; a pids limit of 0 lets exactly one in.
    void apply(const oci::Resources& resources);

    /// As the first part of apply(), for writes made elsewhere (an update's). If one fails, those
    /// before it are taken back, so that the limits in force are all the old ones.
    void write_all_or_none(const std::vector<LimitWrite>& writes);

    /// Throws if `memory` wants it and a limit is not above the current usage (checkBeforeUpdate).
    void check_memory_usage(const oci::MemoryResources& memory) const;

    /// Enables every controller the parents have to give, so that the cgroup has statistics without
    /// having limits. What cannot be enabled (not delegated, a parent with processes) is left out.
    void enable_available_controllers();

    /// Installs the device filter for `rules`, applied in order (the last that matches wins), after
    /// them default_device_rules(); everything else is denied, also if `rules` is empty. An earlier
    /// filter of corun on this cgroup is replaced atomically; others stay in force beside it. Rules
    /// that allow all end in no filter. EPERM without CAP_BPF in the initial user namespace.
    void apply_devices(const std::vector<oci::DeviceRule>& rules);

    /// Hands the cgroup over to a container with its own cgroup namespace: chown of the directory
    /// and of the files in /sys/kernel/cgroup/delegate. (config-linux#cgroup-ownership)
    void delegate_to(uid_t uid);

    /// Stops all processes, below as well. If that takes longer than `limit`, or fails, or is
    /// cancelled, they are let go again before the error is thrown (ETIMEDOUT).
    [[nodiscard]] async::Task<> freeze(std::chrono::steady_clock::duration limit);

    /// Lets them go, without waiting until all have resumed.
    void begin_thaw();

    /// Lets them go; ETIMEDOUT if an ancestor keeps them frozen.
    [[nodiscard]] async::Task<> thaw(std::chrono::steady_clock::duration limit);

    /// All processes are stopped, by this cgroup's freezer or an ancestor's. False if it is gone.
    [[nodiscard]] bool is_frozen() const;

    /// A process, other than a zombie, is here or below. False if the cgroup is gone.
    [[nodiscard]] bool is_populated() const;

    /// SIGKILL to every process here and below, frozen or not, against forks in flight
    /// (cgroup.kill). No error if the cgroup is gone.
    void kill();

    /// Returns when no process is left here and below, or the cgroup is gone. ETIMEDOUT names the
    /// processes that are still there.
    [[nodiscard]] async::Task<> wait_until_empty(std::chrono::steady_clock::duration limit);

    /// Removes the cgroup and those below once they are empty. Kills nothing. No error if gone.
    [[nodiscard]] async::Task<> remove(std::chrono::steady_clock::duration limit);

    /// For the way back after a failed start: removes at once the directories that create() made,
    /// those that are empty. Never throws.
    void remove_created() noexcept;

    /// Processes here and below, sorted; without those of other pid namespaces. Empty if gone.
    [[nodiscard]] std::vector<pid_t> processes() const;

private:
    /// create() made the directory: it cannot have processes, a filter or a state yet.
    [[nodiscard]] bool is_new() const { return length_before_ < path_.size(); }

    Cgroup(const CgroupHierarchy& hierarchy, std::string path, sys::UniqueFd directory);

    const CgroupHierarchy* hierarchy_;
    std::string path_;
    sys::UniqueFd directory_;
    /// How much of path_ was there before create(); all of it if nothing was made.
    std::size_t length_before_;
};

}  // namespace corun::container
