// The mount option `tmpcopyup`: a new tmpfs starts with what the directory below it holds.
// Child side. The source is an adversary's tree: no symlink is followed, no device is opened.
#pragma once

#include "corun/sys/fd.hpp"

namespace corun::setup {

/// Copies what is in the directory `source` into the empty directory `target` with owners, modes,
/// extended attributes and symlinks, staying on the file system of `source`. Both are descriptors
/// of directories (O_PATH will do). Trees deeper than 64 levels are an error.
void copy_up(sys::FdRef source, sys::FdRef target);

}  // namespace corun::setup
