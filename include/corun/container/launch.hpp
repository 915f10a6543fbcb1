// The parent's half of a start: clone3 and the conversation with the child, up to Ready.
// Parent side; a coroutine that suspends while it waits for the child.
#pragma once

#include "corun/async/task.hpp"
#include "corun/base/error.hpp"
#include "corun/container/state_text.hpp"
#include "corun/oci/spec.hpp"
#include "corun/setup/plan.hpp"
#include "corun/setup/step.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/pidfd.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace corun::container {

/// What launch() does for the child while it waits. All referenced objects outlive the launch.
struct LaunchRequest {
    const setup::Plan* plan = nullptr;
    std::span<const setup::Step> steps;
    std::optional<sys::FdRef> cgroup;  // to be born in

    // With plan->enters_cgroup_late, instead of `cgroup`: puts the process, which waits, into one.
    std::function<async::Task<sys::FdRef>(pid_t)> enter_cgroup;

    // Answer to MapIds.
    const std::vector<oci::IdMapping>* uid_mappings = nullptr;
    const std::vector<oci::IdMapping>* gid_mappings = nullptr;

    // Answer to RunHooks: prestart, then createRuntime.
    const oci::Hooks* hooks = nullptr;
    StateSource hook_state;

    // The console is for this process' own terminal, not for a console socket.
    bool relays_console = false;

    // Gives the child what only its pid can be used for, as soon as it is known: network devices,
    // a class of service. It may be anywhere in its steps, but has not said Ready.
    std::function<void(pid_t)> equip;

    // Sets the cgroup's limits: at once where the child makes no further process, else at Ready, so
    // that a limit of one process leaves room for what the start itself needs.
    std::function<async::Task<>()> apply_limits;

    // Told who the child is as soon as that is known; the child is at work meanwhile.
    std::function<void(const sys::ProcessIdentity&)> on_birth;

    // Nobody is to be told of the Ready child before it goes on: it finds Proceed waiting, unless
    // it has questions first. Neither process then sleeps until the other wakes it.
    bool lets_go_early = false;
};

/// clone3(2) itself was refused, most often for the cgroup: nobody was born, nothing has begun.
class BirthRefused : public Error {
public:
    explicit BirthRefused(const Error& error) : Error(error) {}
};

/// Whether the start needs more processes than the one, for the relay or a hook.
[[nodiscard]] bool makes_processes(const setup::Plan& plan);

/// A child that has said Ready and waits. Killed and reaped when destroyed, until released.
struct Launched {
    sys::ChildGuard child;
    sys::ProcessIdentity identity;
    sys::UniqueFd socket;   // the handshake's
    sys::UniqueFd console;  // master of the pty; empty without a terminal
    std::vector<std::string> warnings;
    std::chrono::steady_clock::duration birth_time = {};  // what clone3(2) took
    bool was_let_go = false;  // early: it has Proceed, or has passed it already
};

/// Makes the child and answers it until it is Ready. Throws what the child reports, as
/// `step 'mounts': mount '/proc': …`; no process is left then.
[[nodiscard]] async::Task<Launched> launch(LaunchRequest request);

/// Its prestart and createRuntime hooks, for the process `pid`. `request` outlives the task.
[[nodiscard]] async::Task<> run_parent_hooks(const LaunchRequest* request, pid_t pid);

/// Lets the Ready child go on. Throws if it is gone already.
void proceed(sys::FdRef socket);

/// The same, unless it was let go early.
void proceed(const Launched& launched);

/// Sends Proceed; false if the child is gone. It is told `host_pid` with it.
[[nodiscard]] bool try_proceed(sys::FdRef socket, pid_t host_pid = 0);

/// Waits for the outcome of exec on the handshake's (or the start gate's) socket: end of file is
/// success, a report is thrown, and so is the end of a child that has not read Proceed.
[[nodiscard]] async::Task<> await_exec(sys::FdRef socket, std::vector<std::string>* warnings);

}  // namespace corun::container
