// Hooks in the runtime's namespaces. Parent side.
#include "corun/container/hooks.hpp"

#include "corun/async/context.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/program.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/spawn.hpp"

#include <chrono>
#include <utility>

namespace corun::container {

namespace {

/// The state as a file: a hook that does not read it cannot make us wait, nor raise SIGPIPE.
sys::UniqueFd file_of(const std::string& state) {
    sys::UniqueFd file = sys::memfd_create("state");
    sys::write_all(file, state);
    sys::seek_to_start(file);
    return file;
}

sys::SpawnRequest request_for(
    oci::Hook& hook, const HookSurroundings& surroundings, sys::FdRef input
) {
    return {
        .path = hook.path,
        .arguments = std::move(hook.args),
        // Where none is given runc and crun let the hook have theirs, and hooks rely on it.
        .environment = hook.env ? *std::move(hook.env) : sys::current_environment(),
        .directory = surroundings.directory,
        .standard_input = input,
        .standard_output = surroundings.output,
        .standard_error = surroundings.error_output,
        .lifetime = surroundings.lifetime,
    };
}

/// `error running createRuntime hook #0: '/path'`: its beginning is runc's, for who matches it.
std::string label(const std::string& name, std::size_t index, const oci::Hook& hook) {
    return concat("error running ", name, " hook #", index, ": ", quote(hook.path));
}

async::Task<> execute(oci::Hook hook, HookSurroundings surroundings) {
    const sys::UniqueFd input = file_of(surroundings.state);
    std::optional<std::chrono::seconds> limit;
    if (hook.timeout_seconds) {
        limit = std::chrono::seconds(*hook.timeout_seconds);
    }
    sys::SpawnRequest request = request_for(hook, surroundings, input);
    const ProgramEnd end = co_await run_program(std::move(request), limit);
    if (!end.success()) {
        throw Error(end.text());
    }
}

}  // namespace

void HookSurroundings::write_to(const sys::UniqueFd& file, const sys::UniqueFd& error_file) {
    if (file) {
        output = file.ref();
    }
    if (error_file) {
        error_output = error_file.ref();
    }
}

async::Task<> run_hook(oci::Hook hook, HookSurroundings surroundings) {
    std::string clause = quote(hook.path);
    async::Task<> task = execute(std::move(hook), std::move(surroundings));
    co_await async::in_context(std::move(clause), std::move(task));
}

async::Task<> run_hooks(
    std::vector<oci::Hook> hooks, std::string name, HookSurroundings surroundings
) {
    for (std::size_t i = 0; i < hooks.size(); ++i) {
        std::string clause = label(name, i, hooks[i]);
        async::Task<> task = execute(std::move(hooks[i]), surroundings);
        co_await async::in_context(std::move(clause), std::move(task));
    }
}

async::Task<std::vector<std::string>> run_all_hooks(
    std::vector<oci::Hook> hooks, std::string name, HookSurroundings surroundings
) {
    std::vector<std::string> failures;
    for (std::size_t i = 0; i < hooks.size(); ++i) {
        const std::string clause = label(name, i, hooks[i]);
        // poststop: the spec wants a warning and the next hook. runtime-spec runtime#lifecycle
        try {
            co_await execute(std::move(hooks[i]), surroundings);
        } catch (const Error& error) {
            failures.push_back(concat(clause, ": ", error.what()));
        }
    }
    co_return failures;
}

}  // namespace corun::container
