// Waiting for processes by pidfd: children are reaped, others only watched. Never by pid.
#pragma once

#include "corun/async/task.hpp"
#include "corun/sys/pidfd.hpp"

namespace corun::async {

/// Waits for the end of a child and reaps it. `child` must outlive the wait.
Task<sys::ExitStatus> exit_of(const sys::Pidfd& child);

/// Waits for the end of a process that somebody else reaps. `process` must outlive the wait.
Task<> end_of(const sys::Pidfd& process);

}  // namespace corun::async
