// THE table: how a container's first process comes to be, from clone3 to exec, top to bottom.
//
//   up to        namespaces                credentials                 root         host by
//   map-ids      new (not cgroup), joined  the caller's, all caps      the host's   path, fd
//   switch-root  all                       container's root, all caps  the host's   path, fd
//   ids          all                       container's root, all caps  container's  inherited fd
//   exec         all                       the payload's               container's  the gate
//
// A start from the bare mount namespace (mount-namespace) has an empty root until switch-root.
//
// Names show up in errors, so they are part of the interface. tests/unit/setup/steps_test.cpp holds
// the order constraints, each with its reason.
#include "corun/setup/init_steps.hpp"

#include "corun/setup/attributes.hpp"
#include "corun/setup/capabilities.hpp"
#include "corun/setup/container_hooks.hpp"
#include "corun/setup/credentials.hpp"
#include "corun/setup/descriptors.hpp"
#include "corun/setup/devices.hpp"
#include "corun/setup/executable.hpp"
#include "corun/setup/hostname.hpp"
#include "corun/setup/labels.hpp"
#include "corun/setup/limits.hpp"
#include "corun/setup/loopback.hpp"
#include "corun/setup/masks.hpp"
#include "corun/setup/mounts.hpp"
#include "corun/setup/namespaces.hpp"
#include "corun/setup/payload.hpp"
#include "corun/setup/pivot.hpp"
#include "corun/setup/procfs.hpp"
#include "corun/setup/propagation.hpp"
#include "corun/setup/rootfs.hpp"
#include "corun/setup/seccomp.hpp"
#include "corun/setup/session.hpp"
#include "corun/setup/signals.hpp"
#include "corun/setup/start_gate.hpp"
#include "corun/setup/stdio.hpp"
#include "corun/setup/sysctl.hpp"
#include "corun/setup/terminal.hpp"
#include "corun/setup/wanted.hpp"
#include "corun/setup/working_directory.hpp"

#include <array>

namespace corun::setup {

namespace {

// One row a line, whatever its length: the eye goes down the columns.
// clang-format off
constexpr std::array kInitSteps{
    //   name                          reference                                when                        how
    Step{"reset-signals",             "signal(7)",                             always,                     reset_signals},
    Step{"die-with-parent",           "PR_SET_PDEATHSIG(2)",                   always,                     die_with_parent},
    Step{"meet-parent",               "",                                      needs_introduction,         meet_parent},
    Step{"join-namespaces",           "config-linux#namespaces",               joins_without_relay,        join_namespaces_step},
    Step{"mount-namespace",           "mount_namespaces(7)",                   starts_from_bare_mounts,    leave_for_bare_mounts},
    Step{"propagation",               "config-linux#rootfs-mount-propagation", inherits_mounts,            set_propagation},
    Step{"attach-rootfs",             "config#root",                           always,                     attach_rootfs},
    Step{"map-ids",                   "config-linux#user-namespace-mappings",  maps_ids,                   map_ids},
    Step{"become-root",               "user_namespaces(7)",                    becomes_root,               become_root},
    Step{"undumpable",                "PR_SET_DUMPABLE(2)",                    always,                     make_undumpable},
    Step{"session",                   "setsid(2)",                             always,                     start_session},
    Step{"session-keyring",           "session-keyring(7)",                    has_session_keyring,        join_session_keyring},
    Step{"cgroup-namespace",          "config-linux#namespaces",               has_new_cgroup_namespace,   create_cgroup_namespace},
    Step{"new-namespaces",            "config-linux#namespaces",               has_prepared_namespaces,    join_prepared_namespaces},
    Step{"loopback",                  "netdevice(7)",                          brings_loopback_up,         bring_loopback_up},
    Step{"own-proc",                  "fsopen(2)",                             needs_own_proc,             open_own_proc},
    Step{"mounts",                    "config#mounts",                         has_mounts,                 make_mounts},
    Step{"devices",                   "config-linux#devices",                  populates_dev,              make_devices},
    Step{"runtime-hooks",             "config#posix-platform-hooks",           parent_has_hooks,           ask_for_runtime_hooks},
    Step{"create-container-hooks",    "config#createcontainer-hooks",          has_create_container_hooks, run_create_container_hooks},
    Step{"sysctl",                    "config-linux#sysctl",                   has_sysctls,                write_sysctls},
    Step{"null-device",               "config-linux#masked-paths",             has_masked_paths,           take_null_device},
    Step{"switch-root",               "config#root",                           always,                     switch_root},
    Step{"terminal",                  "config#process",                        has_terminal,               open_terminal},
    Step{"make-working-directory",    "config#process",                        always,                     make_cwd},
    Step{"names",                     "config#hostname",                       has_names,                  set_names},
    Step{"finish-rootfs",             "config#root",                           finishes_rootfs,            finish_rootfs},
    Step{"readonly-paths",            "config-linux#readonly-paths",           has_readonly_paths,         make_paths_readonly},
    Step{"masked-paths",              "config-linux#masked-paths",             has_masked_paths,           mask_paths},
    Step{"attributes",                "config#process",                        always,                     set_attributes},
    Step{"limits",                    "config#posix-process",                  has_limits,                 take_limits},
    Step{"stdio",                     "config#process",                        always,                     own_stdio},
    Step{"working-directory",         "config#process",                        always,                     enter_cwd},
    Step{"ids",                       "config#posix-platform-user",            always,                     take_ids},
    Step{"capabilities",              "config#linux-process",                  has_capabilities,           drop_capabilities},
    Step{"working-directory-as-user", "config#process",                        always,                     enter_cwd_as_user},
    Step{"executable",                "config#process",                        always,                     find_executable},
    Step{"descriptors",               "close_range(2)",                        always,                     close_descriptors},
    Step{"ready",                     "runtime#create",                        always,                     report_ready},
    Step{"start-gate",                "runtime#start",                         has_gate,                   wait_at_gate},
    Step{"exec-label",                "config#linux-process",                  has_exec_label,             set_exec_label},
    Step{"no-new-privileges",         "config#linux-process",                  has_no_new_privileges,      set_no_new_privileges},
    Step{"prepare-exec",              "execve(2)",                             always,                     prepare_exec},
    Step{"seccomp",                   "config-linux#seccomp",                  has_seccomp,                load_seccomp},
    Step{"last-capabilities",         "config#linux-process",                  has_capabilities,           finish_capabilities},
    Step{"start-container-hooks",     "config#startcontainer-hooks",           has_start_container_hooks,  run_start_container_hooks},
    Step{"exec",                      "config#process",                        always,                     exec_payload},
};
// clang-format on

}  // namespace

std::span<const Step> init_steps() {
    return kInitSteps;
}

}  // namespace corun::setup
