// Plan: all that the container's process needs to know, resolved before it is born.
// Built by container/plan_builder in the parent; after clone3 the child reads its own copy and
// changes nothing in it. Plain data: no JSON, no defaults left to decide, every host path already a
// descriptor where privileges allow it.
#pragma once

#include "corun/sys/fd.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/prepared_namespaces.hpp"
#include "corun/sys/timeline.hpp"

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace corun::setup {

/// A namespace to join: the descriptor was opened, and its kind checked, by the parent.
struct JoinedNamespace {
    int kind = 0;      // CLONE_NEW*: one of them for a namespace file, several for a pidfd
    sys::UniqueFd fd;  // of /proc/PID/ns/X, a bind mount of it, or a pidfd (setns(2), Linux 5.8)
    std::string path;  // for messages
};

struct NamespacePlan {
    std::uint64_t created = 0;                          // CLONE_NEW* for clone3
    const sys::PreparedNamespaces* prepared = nullptr;  // new ones that are made ahead
    // A mount namespace with nothing in it, to start from; absent: from a copy of the host's. It
    // outlives the plan.
    std::optional<sys::FdRef> bare_mounts = std::nullopt;
    std::vector<JoinedNamespace> joined;    // in the order of the document
    bool creates_cgroup_namespace = false;  // apart from `created`: made once in the right cgroup
    std::string time_offsets;               // text for /proc/self/timens_offsets; empty: none
    bool maps_ids = false;                  // ask the parent to write uid_map and gid_map
    bool becomes_root = false;        // id 0 is mapped: take all ids to 0 once mapped or joined
    bool brings_loopback_up = false;  // a new network namespace

    [[nodiscard]] bool creates(std::uint64_t kind) const { return (created & kind) != 0; }

    /// By clone3 or ahead of it.
    [[nodiscard]] bool has_new_network() const;

    [[nodiscard]] bool joins(int kind) const;

    /// Not the caller's: new or joined.
    [[nodiscard]] bool has_user_namespace() const;

    /// A middle process is needed: a joined pid namespace and new time offsets take effect only for
    /// children, and what is joined beside a new user namespace must be joined before it is made.
    [[nodiscard]] bool needs_relay() const;
};

/// What a bind mount is made from. `tree` was cloned by the parent (R1), with attributes, id
/// mapping and propagation already set; without host privileges it is empty and the child clones
/// `path`.
struct BindSource {
    std::string path;
    sys::Depth depth = sys::Depth::single;
    bool is_directory = true;
    sys::UniqueFd tree = {};
    bool follows_symlink = true;  // at the end of `path`
    // Not empty: `path` lies in the rootfs, and this is where, absolute in the container. An
    // earlier mount may bring it, so the child takes it when its turn comes, as the container sees
    // it.
    std::string in_container = {};
};

/// The user namespace whose mappings a mount's owners take. mount_setattr(2), Linux 5.12.
struct IdmapPlan {
    sys::UniqueFd user_namespace;
    sys::Depth depth = sys::Depth::single;
};

enum class MountKind {
    bind,        // `source` is attached
    filesystem,  // a new file system of `type`; where that is forbidden, `substitute` if there is
                 // one
    cgroup,      // the same for cgroup2; without a substitute an empty directory
    remount,     // attributes of a mount that is there
    symlink,     // no mount: a symlink to `data`
};

/// `type` is MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE.
struct PropagationChange {
    std::uint64_t type = 0;
    sys::Depth depth = sys::Depth::single;
};

/// What becomes of flags that a bind mount has from its source and that are to go.
struct SourceFlags {
    bool locked = false;          // by a user namespace: those stay (mount_namespaces(7))
    std::uint64_t named_off = 0;  // MOUNT_ATTR_*; to keep one of these is an error
};

/// One entry of /mounts, parsed.
struct MountPlan {
    MountKind kind = MountKind::filesystem;
    std::string destination;  // absolute in the container
    std::string type;
    BindSource source;
    std::optional<BindSource> substitute;       // for a file system that may not be mounted
    std::optional<IdmapPlan> idmap;             // what the parent maps when the child has cloned it
    std::string data;                           // file-system options, comma separated
    std::vector<std::string> superblock_flags;  // "ro", "sync", "lazytime", … for fsconfig(2)
    sys::MountAttributes attributes;            // of the mount itself
    SourceFlags source_flags;                   // of a bind
    sys::MountAttributes recursive_attributes;  // of it and those below it
    // Applied one after the other; to a bind by the one who clones it, else once it is attached.
    std::vector<PropagationChange> propagation;
    bool copies_up = false;        // tmpcopyup
    bool readonly_at_end = false;  // with MOUNT_ATTR_RDONLY: once all that is in it was made
    bool no_symlinks = false;  // the destination is /proc, /sys or /dev: no symlink may lead there
    bool covers_symlink = false;  // a symlink at the destination is itself covered
};

/// How the root directory is changed.
enum class RootSwitch {
    pivot,   // pivot_root(2)
    move,    // --no-pivot: the mount is moved over / and chroot'ed into
    chroot,  // no mount namespace of its own
};

struct RootfsPlan {
    std::string path;  // on the host, absolute
    BindSource source;
    RootSwitch root_switch = RootSwitch::pivot;
    std::uint64_t propagation =
        0;  // of every mount inherited from the host: MS_SLAVE, MS_PRIVATE …
    // Of the container's root, after the switch, with MS_REC also of those below it; 0: leave.
    std::uint64_t final_propagation = 0;
    bool readonly = false;
};

/// A device node to make, or, where mknod is forbidden, to bind from the host's.
struct DevicePlan {
    std::string path;  // absolute in the container
    mode_t mode = 0;   // S_IFCHR, S_IFBLK or S_IFIFO and the permissions
    dev_t number = 0;
    uid_t uid = 0;
    gid_t gid = 0;
    BindSource host_node;  // used when DevPlan::binds_nodes
};

struct DevPlan {
    bool populates = false;    // make nodes and symlinks: /dev is not a bind mount of the host's
    bool binds_nodes = false;  // mknod(2) is forbidden in a user namespace: bind `host_node`
    std::vector<DevicePlan> nodes;
};

struct MaskPlan {
    std::vector<std::string> masked;
    std::vector<std::string> readonly;
    BindSource null_device;  // the host's /dev/null; verified to be 1:3 by the child
    std::string tmpfs_data;  // options of the tmpfs over masked directories: `context=…` or nothing
};

struct TerminalPlan {
    bool wanted = false;
    unsigned short rows = 0;  // 0: the kernel's default
    unsigned short columns = 0;
    bool is_container_console =
        false;  // bind the slave on /dev/console (a container's first process)
};

/// Bit masks by capability number.
struct Capabilities {
    std::uint64_t bounding = 0;
    std::uint64_t effective = 0;
    std::uint64_t permitted = 0;
    std::uint64_t inheritable = 0;
    std::uint64_t ambient = 0;
};

/// What becomes of the supplementary groups that the process has from its caller.
enum class Groups {
    set,                // to those asked for
    set_where_allowed,  // the same, but a user namespace may have denied setgroups(2) for good
    keep,
};

struct CredentialsPlan {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> additional_gids;
    Groups groups = Groups::set;
    mode_t umask = 0022;
    std::optional<Capabilities> capabilities;  // absent: left as they are
    bool no_new_privileges = false;
};

/// sched_setattr(2).
struct SchedulerPlan {
    std::uint32_t policy = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t flags = 0;
    std::uint64_t runtime_ns = 0;
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
};

/// set_mempolicy(2).
struct MemoryPolicyPlan {
    int mode = 0;  // MPOL_* with mode flags
    std::vector<unsigned long> node_mask;
};

/// prlimit(2).
struct ResourceLimit {
    int resource = 0;  // RLIMIT_*
    rlimit64 value = {};
    std::string name;  // for messages
};

/// Properties that the process sets on itself.
struct AttributesPlan {
    std::optional<SchedulerPlan> scheduler;
    std::optional<int> io_priority;  // ioprio_set(2)'s value
    std::optional<unsigned long> personality;
    std::optional<MemoryPolicyPlan> memory_policy;
    std::vector<unsigned long>
        initial_cpu_affinity;                 // for the start itself; bit mask, empty: as is
    std::vector<unsigned long> cpu_affinity;  // for the payload
};

struct SeccompPlan {
    std::string program;  // array of sock_filter
    unsigned flags = 0;   // SECCOMP_FILTER_FLAG_*
    sys::UniqueFd agent;  // connected listener that is sent the notify descriptor; empty: none
    std::vector<std::string> agent_state_parts;  // ContainerProcessState; the pid goes between two

    [[nodiscard]] bool wanted() const { return !program.empty(); }
};

struct LabelPlan {
    std::string apparmor_profile;    // applied at exec
    std::string selinux_exec_label;  // applied at exec
};

/// A hook that the child runs inside the container's namespaces.
struct HookPlan {
    std::string path;
    std::vector<std::string> args;
    std::optional<std::vector<std::string>> env;  // absent: the payload's, as far as it is known
    std::optional<std::chrono::seconds> timeout;
};

/// State JSON for a hook = head + status + middle + pid + tail.
struct HooksPlan {
    bool parent_has_hooks = false;  // prestart or createRuntime: ask the parent to run them
    std::vector<HookPlan> create_container;
    std::vector<HookPlan> start_container;
    sys::UniqueFd output;  // where they write to; empty: what they write is kept for errors
    sys::UniqueFd error_output;
    std::string state_head;
    std::string state_middle;
    std::string state_tail;
};

/// How the process waits between `created` and `running`.
enum class GateKind {
    none,    // run, exec: it goes on as soon as it is ready
    socket,  // create: a later `corun start` connects
};

struct GatePlan {
    GateKind kind = GateKind::none;
    sys::UniqueFd listener;  // for GateKind::socket
};

struct PayloadPlan {
    std::vector<std::string> args;
    std::vector<std::string> env;
    std::string cwd;
    unsigned preserved_fds = 0;  // 3 … 3+preserved_fds-1 stay open
};

struct Plan {
    std::string id;
    // The parent moves the first process (the relay, where there is one) to its cgroup and only
    // then lets it go on: it was not born there.
    bool enters_cgroup_late = false;
    NamespacePlan namespaces;
    RootfsPlan rootfs;
    std::vector<MountPlan> mounts;
    DevPlan dev;
    MaskPlan masks;
    std::vector<std::pair<std::string, std::string>> sysctls;  // "net/ipv4/ip_forward" → value
    std::string hostname;
    std::string domainname;
    TerminalPlan terminal;
    std::string session_keyring;  // its name; empty: the caller's is kept
    CredentialsPlan credentials;
    std::vector<ResourceLimit> limits;
    bool limits_take_privilege = false;  // a hard limit is above the one there is
    std::optional<int> oom_score_adj;
    AttributesPlan attributes;
    SeccompPlan seccomp;
    LabelPlan labels;
    HooksPlan hooks;
    GatePlan gate;
    PayloadPlan payload;
    sys::Timeline* timeline = nullptr;  // where each step is marked; none: nowhere
};

}  // namespace corun::setup
