// The table of `exec`: how a further process joins a running container. It is in the cgroup from
// birth, and where the container has pids or ids of its own the relay (setup/relay.cpp) has joined
// the namespaces, so that these steps run inside the container from the first on, beside processes
// that may be hostile: the process is not dumpable, and holds no host directory.
#include "corun/setup/exec_steps.hpp"

#include "corun/setup/attributes.hpp"
#include "corun/setup/capabilities.hpp"
#include "corun/setup/credentials.hpp"
#include "corun/setup/descriptors.hpp"
#include "corun/setup/executable.hpp"
#include "corun/setup/labels.hpp"
#include "corun/setup/limits.hpp"
#include "corun/setup/namespaces.hpp"
#include "corun/setup/payload.hpp"
#include "corun/setup/procfs.hpp"
#include "corun/setup/seccomp.hpp"
#include "corun/setup/session.hpp"
#include "corun/setup/signals.hpp"
#include "corun/setup/start_gate.hpp"
#include "corun/setup/stdio.hpp"
#include "corun/setup/terminal.hpp"
#include "corun/setup/wanted.hpp"
#include "corun/setup/working_directory.hpp"

#include <array>

namespace corun::setup {

namespace {

// clang-format off: one row a line
constexpr std::array kExecSteps{
    Step{"reset-signals", "signal(7)", always, reset_signals},
    Step{"die-with-parent", "PR_SET_PDEATHSIG(2)", always, die_with_parent},
    Step{"initial-affinity", "config#linux-process", has_initial_affinity, set_initial_affinity},
    Step{"enter-container", "setns(2)", joins_without_relay, enter_container},
    Step{"meet-parent", "", needs_introduction, meet_parent},
    Step{"become-root", "user_namespaces(7)", becomes_root, become_root},
    Step{"undumpable", "PR_SET_DUMPABLE(2)", always, make_undumpable},
    Step{"session", "setsid(2)", always, start_session},
    Step{"session-keyring", "session-keyring(7)", has_session_keyring, join_session_keyring},
    Step{"own-proc", "fsopen(2)", needs_own_proc, open_own_proc},
    Step{"terminal", "config#process", has_terminal, open_terminal},
    Step{"attributes", "config#process", always, set_attributes},
    Step{"limits", "config#posix-process", has_limits, take_limits},
    Step{"stdio", "config#process", always, own_stdio},
    Step{"working-directory", "config#process", always, enter_cwd},
    Step{"ids", "config#posix-platform-user", always, take_ids},
    Step{"capabilities", "config#linux-process", has_capabilities, drop_capabilities},
    Step{"working-directory-as-user", "config#process", always, enter_cwd_as_user},
    Step{"executable", "config#process", always, find_executable},
    Step{"descriptors", "close_range(2)", always, close_descriptors},
    Step{"ready", "runtime#create", always, report_ready},
    Step{"exec-label", "config#linux-process", has_exec_label, set_exec_label},
    Step{"no-new-privileges", "config#linux-process", has_no_new_privileges, set_no_new_privileges},
    Step{"prepare-exec", "execve(2)", always, prepare_exec},
    Step{"seccomp", "config-linux#seccomp", has_seccomp, load_seccomp},
    Step{"last-capabilities", "config#linux-process", has_capabilities, finish_capabilities},
    Step{"exec", "config#process", always, exec_payload},
};
// clang-format on

}  // namespace

std::span<const Step> exec_steps() {
    return kExecSteps;
}

}  // namespace corun::setup
