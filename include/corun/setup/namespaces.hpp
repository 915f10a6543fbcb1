// Joining namespaces, id maps and the child's first words with its parent.
// Child side; see setup/relay.hpp for what only a middle process can join.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// True where the child needs its host pid, is to be moved to its cgroup before it goes on, or a
/// relay stands between it and its parent.
[[nodiscard]] bool needs_introduction(const Plan& plan);

/// Waits for the parent's first Proceed and keeps the host pid it brings.
void meet_parent(ChildContext& context);

/// setns(2) into each namespace of the plan. Those that belong to a user namespace which is to be
/// joined as well are tried again after it.
void join_namespaces(const NamespacePlan& plan);
void join_namespaces_step(ChildContext& context);

/// What the relay does, for an exec that needs none: the pids of its container are the host's.
void enter_container(ChildContext& context);

/// Has uid_map and gid_map written by the parent.
void map_ids(ChildContext& context);

/// Takes all ids to 0 of the (new or joined) user namespace.
void become_root(ChildContext& context);

/// Joins the network namespace that another process has made meanwhile, `lo` up in it.
void leave_for_bare_mounts(ChildContext& context);
void join_prepared_namespaces(ChildContext& context);

/// unshare(CLONE_NEWCGROUP): its root is the cgroup the process is in, thus not made by clone3,
/// which would take the parent's (Linux, copy_cgroup_ns).
void create_cgroup_namespace(ChildContext& context);

}  // namespace corun::setup
