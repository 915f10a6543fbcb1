// A worker: the process that the keeper forks to start one container or to run one check in it. It
// answers its order itself and ends.
// Forked without exec from a small process, so it costs neither a program's start nor what a fork
// of the large supervisor would.
#pragma once

#include "corun/supervise/keeper_messages.hpp"
#include "corun/sys/fd.hpp"

#include <span>

namespace corun::supervise {

/// From this number on the keeper's descriptors lie that a worker must not have: what is kept, and
/// the keeper's own. Those of an order lie below.
inline constexpr int kKeptFrom = 64;

/// The largest number that a readiness pipe can have in a container.
inline constexpr int kMaxReadinessFd = 31;

/// The whole life of a worker, from the moment that it has descriptors of its own. `fds` came with
/// the order: the container's, then the socket for the answer.
[[noreturn]] void run_worker(const Work& work, std::span<const sys::FdRef> fds) noexcept;

}  // namespace corun::supervise
