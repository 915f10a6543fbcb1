// Signals as data: sets, the mask of the thread, and signalfd(2).
#pragma once

#include "corun/sys/fd.hpp"

#include <sys/signalfd.h>

#include <csignal>
#include <initializer_list>
#include <optional>

namespace corun::sys {

[[nodiscard]] sigset_t signal_set(std::initializer_list<int> signals);

/// Adds `signals` to those the thread blocks; the mask as it was.
[[nodiscard]] sigset_t block_signals(const sigset_t& signals);

/// Makes `mask` the thread's mask.
void set_signal_mask(const sigset_t& mask) noexcept;

/// signalfd4(2) with SFD_CLOEXEC and SFD_NONBLOCK. The signals must be blocked to be read from it.
[[nodiscard]] UniqueFd signalfd(const sigset_t& signals);

/// The next signal; nothing if none is pending (EAGAIN).
[[nodiscard]] std::optional<signalfd_siginfo> try_read_signal(FdRef signal_fd);

}  // namespace corun::sys
