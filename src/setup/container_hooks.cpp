// Hooks run by the container's own process, one after the other, blocking. The streams of a hook
// are anonymous files in memory: it can neither be blocked by an unread pipe nor block this
// process.
#include "corun/setup/container_hooks.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/pidfd.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/spawn.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

namespace corun::setup {

namespace {

/// The kinds of hook that run here, with the status that the container has then.
struct HookMoment {
    std::string_view name;
    std::string_view status;
};

constexpr HookMoment kCreateContainer{.name = "createContainer", .status = "creating"};
constexpr HookMoment kStartContainer{.name = "startContainer", .status = "created"};

using Environment = std::vector<std::string>;

std::string state_json(const ChildContext& context, std::string_view status) {
    const HooksPlan& hooks = context.plan.hooks;
    return concat(hooks.state_head, status, hooks.state_middle, context.host_pid, hooks.state_tail);
}

/// A file that holds `text`, to be read from its beginning.
sys::UniqueFd file_with(std::string_view text) {
    sys::UniqueFd file = sys::memfd_create("hook-state");
    sys::write_all(file, text);
    sys::seek_to_start(file);
    return file;
}

/// What a hook printed last, for the error: the reason most often stands there.
std::string last_line_of(sys::FdRef output) {
    constexpr std::size_t kLongest = 512;
    const auto size = static_cast<std::size_t>(sys::fstat(output).st_size);
    const std::size_t start = size > kLongest ? size - kLongest : 0;
    const std::string tail = sys::read_at(output, start, kLongest);
    const std::string_view lines = trim(tail);
    return std::string(lines.substr(lines.rfind('\n') + 1));  // npos + 1 is 0: there is one line
}

/// `killed by signal 31 (bad system call)`
std::string death_text(int signal) {
    const char* description = ::sigdescr_np(signal);
    const std::string text = concat("killed by signal ", signal);
    return description == nullptr ? text : concat(text, " (", to_lower(description), ")");
}

std::string failure_text(const sys::ExitStatus& status, sys::FdRef output) {
    std::string text =
        status.signal != 0 ? death_text(status.signal) : concat("exited with status ", status.code);
    const std::string line = last_line_of(output);
    return line.empty() ? text : concat(text, ": ", line);
}

/// Waits for the hook, but no longer than it was given.
sys::ExitStatus wait_for(const sys::Pidfd& process, const HookPlan& hook) {
    if (!hook.timeout || process.exits_within(*hook.timeout)) {
        return process.wait();
    }
    (void)sys::signal_process_group(process, SIGKILL);  // false: the last of them has just ended
    (void)process.wait();                               // reaped; how it ended is known
    throw Error(concat("did not end within ", hook.timeout->count(), " s"), ETIMEDOUT);
}

void run_hook(
    const HooksPlan& hooks,
    const HookPlan& hook,
    std::string_view state,
    const Environment& payload_environment
) {
    const sys::UniqueFd input = file_with(state);
    const sys::UniqueFd output = sys::memfd_create("hook-output");
    // All three streams are given: the rootfs' /dev/null must not be opened. (R3)
    const sys::Pidfd process = sys::spawn({
        .path = hook.path,
        .arguments = hook.args,
        // The payload's, as in runc: the process is on its way to it.
        .environment = hook.env.value_or(payload_environment),
        .standard_input = input,
        .standard_output = hooks.output ? hooks.output.ref() : output.ref(),
        .standard_error = hooks.error_output ? hooks.error_output.ref() : output.ref(),
        .session = sys::Session::own,
    });
    const sys::ExitStatus status = wait_for(process, hook);
    if (!status.success()) {
        throw Error(failure_text(status, output));
    }
}

void run_hooks(
    const ChildContext& context,
    const std::vector<HookPlan>& hooks,
    const HookMoment& moment,
    const Environment& payload_environment
) {
    const std::string state = state_json(context, moment.status);
    for (std::size_t index = 0; index < hooks.size(); ++index) {
        const HookPlan& hook = hooks[index];
        in_context(
            [&] {
                return concat(
                    "error running ", moment.name, " hook #", index, ": ", quote(hook.path)
                );
            },
            [&] { run_hook(context.plan.hooks, hook, state, payload_environment); }
        );
    }
}

}  // namespace

void ask_for_runtime_hooks(ChildContext& context) {
    context.handshake.ask(MessageKind::run_hooks);
}

void run_create_container_hooks(ChildContext& context) {
    sys::fchdir(context.root->fd());  // as in runc: what they do, they do to the rootfs
    const Plan& plan = context.plan;
    run_hooks(context, plan.hooks.create_container, kCreateContainer, plan.payload.env);
}

void run_start_container_hooks(ChildContext& context) {
    const HooksPlan& hooks = context.plan.hooks;
    run_hooks(context, hooks.start_container, kStartContainer, context.environment_text);
}

}  // namespace corun::setup
