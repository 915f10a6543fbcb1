// `pause` and `resume`: all processes of a container are stopped, and let go again.
#include "corun/async/loop.hpp"
#include "corun/base/error.hpp"
#include "corun/cli/commands.hpp"
#include "corun/container/pause.hpp"

#include <cerrno>
#include <exception>

namespace corun::cli {

namespace {

/// Runs the verb; a refusal is explained.
int run_freezer(const Invocation& invocation, async::Task<> verb) {
    async::Loop loop;
    try {
        loop.run(std::move(verb));
    } catch (const Error& error) {
        if (error.error_number() == EPERM || error.error_number() == EACCES) {
            invocation.log.warning("the cgroup's freezer needs full access to the cgroup");
        }
        throw;
    }
    return 0;
}

int run_pause(const Invocation& invocation) {
    container::Engine engine(invocation.engine_options(), invocation.log);
    container::PauseRequest request{.id = invocation.id()};
    return run_freezer(invocation, container::pause(engine, std::move(request)));
}

int run_resume(const Invocation& invocation) {
    container::Engine engine(invocation.engine_options(), invocation.log);
    container::ResumeRequest request{.id = invocation.id()};
    return run_freezer(invocation, container::resume(engine, std::move(request)));
}

}  // namespace

constexpr Command kPauseCommand{
    .name = "pause",
    .summary = "stop all processes of a container until it is resumed",
    .operands = {.usage = "ID", .at_least = 1, .at_most = 1},
    .options = {},
    .run = run_pause,
};

constexpr Command kResumeCommand{
    .name = "resume",
    .summary = "let the processes of a paused container go on",
    .operands = {.usage = "ID", .at_least = 1, .at_most = 1},
    .options = {},
    .run = run_resume,
};

}  // namespace corun::cli
