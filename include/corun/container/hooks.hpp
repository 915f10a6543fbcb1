// Hooks that run in the runtime's namespaces: prestart, createRuntime, poststart, poststop.
// Parent side, with the runtime's own privileges. runtime-spec config#posix-platform-hooks
#pragma once

#include "corun/async/task.hpp"
#include "corun/oci/spec.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/spawn.hpp"

#include <optional>
#include <string>
#include <vector>

namespace corun::container {

/// What all hooks of a container are given.
struct HookSurroundings {
    std::string state;      // the container's state as JSON, on stdin
    std::string directory;  // working directory: the bundle; empty: the caller's
    /// Where output goes; absent: it is kept, and its last line put into an error.
    std::optional<sys::FdRef> output = std::nullopt;
    std::optional<sys::FdRef> error_output = std::nullopt;
    /// A hook of a container that is being made goes with a runtime that is killed, as all else
    /// does; one that cleans up after a container (poststop) is to finish.
    sys::Lifetime lifetime = sys::Lifetime::its_own;

    /// Output goes there, where it is open; the caller keeps it so.
    void write_to(const sys::UniqueFd& file, const sys::UniqueFd& error_file);
};

/// Runs one hook to its end, in a session of its own. Throws if it cannot be executed, does not
/// exit with 0, or runs longer than its timeout (its whole process group is killed).
/// `'/path': exited with status 3: 'last line it printed'`
async::Task<> run_hook(oci::Hook hook, HookSurroundings surroundings);

/// Runs hooks in order; the first failure ends it: `error running createRuntime hook #0: '/path':
/// …`.
async::Task<> run_hooks(
    std::vector<oci::Hook> hooks, std::string name, HookSurroundings surroundings
);

/// For poststop: runs all of them whatever happens; the failures, to be warned of.
async::Task<std::vector<std::string>> run_all_hooks(
    std::vector<oci::Hook> hooks, std::string name, HookSurroundings surroundings
);

}  // namespace corun::container
