// Walks over the directories of a cgroup and those below it. Parent side.
// A container that was given its cgroup may have made a tree deeper than descriptors or the stack
// allow, so the walks hold one descriptor and go up by "..": cgroups cannot be moved.
#pragma once

#include "corun/sys/fd.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace corun::container {

/// The pids in cgroup.procs here and below, sorted, each once. A process that the caller's pid
/// namespace does not see is 0. Cgroups that vanish meanwhile are passed over.
[[nodiscard]] std::vector<pid_t> processes_in_tree(sys::FdRef cgroup);

/// rmdir of `name` in `parent` and of all below it, bottom-up. False if one still has processes or
/// gained children; absence is success.
[[nodiscard]] bool try_remove_tree(sys::FdRef parent, const std::string& name);

}  // namespace corun::container
