// Why execve(2) refuses a file, in words: which component of its path is in the way of whom, which
// interpreter or loader is missing, which architecture it is for.
// Child side, inside the container's root and with the payload's ids. What it reads belongs to the
// container and may be hostile: it ends up in a message and nowhere else. Allocates, so it must be
// done before the seccomp filter is loaded.
//
// docker and podman sort errors by their words ("no such file or directory", "permission denied",
// "is a directory", …): the texts here have none of them.
#pragma once

#include <string>
#include <string_view>

namespace corun::setup {

/// What stat(2) or access(2) of `path` stumbled over, for people; empty: nothing is in the way now.
[[nodiscard]] std::string explain_path(const std::string& path);

/// What execve(2) of an executable file is going to say, and why.
struct ExecForecast {
    int error_number = 0;  // 0: nothing is seen that would be in the way
    std::string reason;
};

[[nodiscard]] ExecForecast forecast_exec(const std::string& path);

/// The interpreter in a script's first line; empty: it is no script.
[[nodiscard]] std::string_view interpreter_of(std::string_view head);

}  // namespace corun::setup
