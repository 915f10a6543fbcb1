// The verb `exec`: one more process in a container that runs. Parent side.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/engine.hpp"
#include "corun/sys/pidfd.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace corun::container {

/// `--user UID[:GID]`; a part that was not given is absent, never 0.
struct ExecUser {
    uid_t uid = 0;
    std::optional<gid_t> gid;

    friend bool operator==(const ExecUser&, const ExecUser&) = default;
};

struct ExecRequest {
    ContainerId id;
    std::string process_file;  // replaces the whole process object; empty: the container's is used
    std::vector<std::string> args;          // empty only with a process_file
    std::string cwd;                        // empty: the container's
    std::vector<std::string> env;           // KEY=VALUE, added to the container's
    std::optional<ExecUser> user;           // absent: the container's
    std::vector<gid_t> additional_gids;     // added to the container's
    std::vector<std::string> capabilities;  // CAP_X, added to bounding, effective and permitted
    std::string process_label;
    std::string apparmor;
    bool no_new_privileges = false;
    bool tty = false;
    bool detach = false;
    bool ignore_paused = false;
    std::string cgroup;          // below the container's; empty: the container's own
    std::string console_socket;  // empty: none
    std::string pidfd_socket;    // empty: none
    std::string pid_file;        // empty: none
    unsigned preserve_fds = 0;
    unsigned listen_fds = 0;
};

/// In the foreground returns how the process ended; detached, success once it runs.
async::Task<sys::ExitStatus> exec(Engine& engine, ExecRequest request);

}  // namespace corun::container
