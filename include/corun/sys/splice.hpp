// Moving bytes between pipes within the kernel: splice(2), tee(2). None of these waits.
#pragma once

#include "corun/sys/fd.hpp"
#include "corun/sys/file.hpp"

#include <cstddef>

namespace corun::sys {

/// Up to `size` bytes from one to the other; one of them is a pipe. 0 at the end, EAGAIN where
/// there is nothing to move, or no room.
[[nodiscard]] Transferred try_splice(FdRef from, FdRef to, std::size_t size);

/// As try_splice(), from pipe to pipe, but the bytes stay where they are, too.
[[nodiscard]] Transferred try_tee(FdRef from, FdRef to, std::size_t size);

/// How many bytes wait to be read (FIONREAD).
[[nodiscard]] std::size_t readable_bytes(FdRef pipe);

/// Somebody has a write end of the pipe whose read end this is.
[[nodiscard]] bool has_writer(FdRef pipe);

/// `pipe` gets no more room than `model` has (F_SETPIPE_SZ), so that all that fits into `pipe` fits
/// into `model`. Both must be empty.
void limit_capacity(FdRef pipe, FdRef model);

}  // namespace corun::sys
