// The options of the commands that start processes (create, run, start, exec), as tables and as the
// requests made of them. Pure but for paths: nothing is opened.
#pragma once

#include "corun/cli/command.hpp"
#include "corun/container/create.hpp"
#include "corun/container/exec.hpp"
#include "corun/container/run.hpp"
#include "corun/container/start.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace corun::cli {

// Options that more commands than one of those below have.
inline constexpr Option kBundleOption{
    .name = "bundle",
    .letter = "b",
    .argument = "DIR",
    .help = "directory of config.json (default: the working directory)",
};
inline constexpr Option kConfigOption{
    .name = "config",
    .letter = "f",
    .argument = "FILE",
    .help = "read FILE in place of the bundle's config.json",
};
inline constexpr Option kConsoleSocketOption{
    .name = "console-socket",
    .letter = "",
    .argument = "PATH",
    .help = "Unix socket that is sent the terminal's master side",
};
inline constexpr Option kPidFileOption{
    .name = "pid-file",
    .letter = "",
    .argument = "FILE",
    .help = "write the pid of the first process to FILE",
};
inline constexpr Option kDetachOption{
    .name = "detach",
    .letter = "d",
    .argument = "",
    .help = "return as soon as the container runs",
};

inline constexpr std::array kCreateOptions{
    kBundleOption,
    kConfigOption,
    kConsoleSocketOption,
    Option{
        .name = "pidfd-socket",
        .letter = "",
        .argument = "PATH",
        .help = "Unix socket that is sent a pidfd of the first process",
    },
    kPidFileOption,
    Option{
        .name = "no-pivot",
        .letter = "",
        .argument = "",
        .help = "change the root without pivot_root, for a rootfs on a ramdisk",
    },
    Option{
        .name = "no-new-keyring",
        .letter = "",
        .argument = "",
        .help = "keep the caller's session keyring",
    },
    Option{
        .name = "preserve-fds",
        .letter = "",
        .argument = "N",
        .help = "pass on N descriptors after stdio and those of $LISTEN_FDS",
    },
    Option{
        .name = "no-subreaper",
        .letter = "",
        .argument = "",
        .help = "do not adopt what the container orphans (only run without --detach does)",
    },
};

inline constexpr std::array kRunOnlyOptions{
    kDetachOption,
    Option{
        .name = "keep",
        .letter = "",
        .argument = "",
        .help = "do not delete the container when it has ended",
    },
};

inline constexpr std::array kExecOptions{
    Option{
        .name = "process",
        .letter = "p",
        .argument = "FILE",
        .help = "the whole process object as JSON; COMMAND is then left out",
    },
    Option{
        .name = "cwd",
        .letter = "",
        .argument = "DIR",
        .help = "working directory in the container",
    },
    Option{
        .name = "env",
        .letter = "e",
        .argument = "NAME=VALUE",
        .help = "add to the environment; may be repeated",
    },
    Option{.name = "tty", .letter = "t", .argument = "", .help = "give it a terminal"},
    Option{
        .name = "user",
        .letter = "u",
        .argument = "UID[:GID]",
        .help = "numbers; without GID the container's group is kept",
    },
    Option{
        .name = "additional-gids",
        .letter = "g",
        .argument = "GID",
        .help = "one more group; may be repeated",
    },
    Option{
        .name = "cap",
        .letter = "c",
        .argument = "CAP_NAME",
        .help = "one more capability; may be repeated",
    },
    Option{
        .name = "no-new-privs",
        .letter = "",
        .argument = "",
        .help = "it cannot gain privileges by executing files",
    },
    Option{
        .name = "process-label",
        .letter = "",
        .argument = "LABEL",
        .help = "SELinux label of the process",
    },
    Option{
        .name = "apparmor",
        .letter = "",
        .argument = "PROFILE",
        .help = "AppArmor profile of the process",
    },
    Option{
        .name = "cgroup",
        .letter = "",
        .argument = "PATH",
        .help = "run it in this cgroup below the container's",
    },
    Option{
        .name = "ignore-paused",
        .letter = "",
        .argument = "",
        .help = "also in a paused container; the process waits until it is resumed",
    },
    Option{
        .name = "detach",
        .letter = "d",
        .argument = "",
        .help = "return as soon as the process runs",
    },
    kConsoleSocketOption,
    Option{
        .name = "pidfd-socket",
        .letter = "",
        .argument = "PATH",
        .help = "Unix socket that is sent a pidfd of the process",
    },
    Option{
        .name = "pid-file",
        .letter = "",
        .argument = "FILE",
        .help = "write the pid of the process to FILE",
    },
    Option{
        .name = "preserve-fds",
        .letter = "",
        .argument = "N",
        .help = "pass on N descriptors after stdio and those of $LISTEN_FDS",
    },
};

inline constexpr std::array kRunOptions = joined(kCreateOptions, kRunOnlyOptions);

/// What the caller's environment asks for.
struct CallerEnvironment {
    unsigned listen_fds = 0;    // $LISTEN_FDS, if $LISTEN_PID is this process (sd_listen_fds(3))
    std::string notify_socket;  // $NOTIFY_SOCKET
};

[[nodiscard]] CallerEnvironment read_caller_environment();

[[nodiscard]] container::CreateRequest create_request(
    const Invocation& invocation, const CallerEnvironment& environment
);
[[nodiscard]] container::RunRequest run_request(
    const Invocation& invocation, const CallerEnvironment& environment
);
[[nodiscard]] container::StartRequest start_request(
    const Invocation& invocation, const CallerEnvironment& environment
);
[[nodiscard]] container::ExecRequest exec_request(
    const Invocation& invocation, const CallerEnvironment& environment
);

/// `UID` or `UID:GID`. Throws Error for anything else; what is not given is never 0.
/// (CVE-2026-30892)
[[nodiscard]] container::ExecUser parse_exec_user(std::string_view text);

}  // namespace corun::cli
