// The file that `--pid-file` asks for. Parent side.
#pragma once

#include <sys/types.h>

#include <string>

namespace corun::container {

/// Writes `pid` in decimal, without a newline, to a hidden file beside `path` and renames it: a
/// reader sees the whole number or no file. `path` may be relative to the working directory.
void write_pid_file(const std::string& path, pid_t pid);

}  // namespace corun::container
