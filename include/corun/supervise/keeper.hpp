// The keeper: a small process beside the supervisor that outlives it. It holds the ends of the
// containers' pipes, so that they and what is in them survive when the supervisor is killed; it is
// the parent of the containers' first processes and remembers how they ended; and it forks the
// workers, as a fork of it stays cheap however large the supervisor gets.
// (An fd store of systemd's would do the first, though not the others, nor without systemd.)
#pragma once

#include "corun/sys/fd.hpp"

namespace corun::supervise {

/// The whole life of a keeper: until it is told to end, or its last client has left and it keeps
/// nothing. `listener`: listen_seqpacket() in the supervisor's directory.
void run_keeper(sys::UniqueFd listener);

}  // namespace corun::supervise
