// `restore`: a container from the image files of `checkpoint`.
#include "corun/async/loop.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/criu_options.hpp"
#include "corun/cli/launch_options.hpp"
#include "corun/container/restore.hpp"
#include "corun/sys/process.hpp"

#include <array>

namespace corun::cli {

namespace {

constexpr std::array kOwnOptions{
    kBundleOption,
    kConsoleSocketOption,
    kDetachOption,
    kPidFileOption,
    Option{
        .name = "no-subreaper",
        .letter = "",
        .argument = "",
        .help = "do not adopt what the container orphans (only without --detach)",
    },
    Option{
        .name = "no-pivot",
        .letter = "",
        .argument = "",
        .help = "taken for runc's callers; criu changes the root in its own way",
    },
    Option{
        .name = "tcp-close",
        .letter = "",
        .argument = "",
        .help = "TCP connections come back closed",
    },
    Option{
        .name = "lsm-profile",
        .letter = "",
        .argument = "TYPE:NAME",
        .help = "selinux or apparmor, and the label to restore with",
    },
    Option{
        .name = "lsm-mount-context",
        .letter = "",
        .argument = "CONTEXT",
        .help = "SELinux label of the restored mounts",
    },
};

constexpr std::array kRestoreOptions = joined(kCriuOptions, kOwnOptions);

int run(const Invocation& invocation) {
    container::RestoreRequest request =
        restore_request(invocation, read_caller_environment().notify_socket);
    if (!request.run.detach && !invocation.arguments.is_on("no-subreaper")) {
        sys::set_child_subreaper();
    }
    container::Engine engine(invocation.engine_options(), invocation.log);
    async::Loop loop;
    return loop.run(container::restore(engine, std::move(request))).shell_code();
}

}  // namespace

constexpr Command kRestoreCommand{
    .name = "restore",
    .summary = "make a container again from the image files of checkpoint",
    .operands = {.usage = "ID", .at_least = 1, .at_most = 1},
    .options = kRestoreOptions,
    .notes = "Without --detach ends as the container does. The log is restore.log in --work-path.",
    .run = run,
};

}  // namespace corun::cli
