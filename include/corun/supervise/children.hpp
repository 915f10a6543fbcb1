// The keeper's children: its workers, and what they leave to it, the containers' first processes
// among them. Remembers how they ended until somebody asks.
#pragma once

#include "corun/supervise/keeper_messages.hpp"
#include "corun/sys/pidfd.hpp"

#include <sys/types.h>

#include <deque>
#include <map>

namespace corun::supervise {

class Children {
public:
    void add_worker(pid_t pid, WorkKind kind) { workers_.emplace(pid, kind); }

    /// A container is being started.
    [[nodiscard]] bool is_starting() const;

    /// Reaps every child that has ended.
    void reap();

    /// Nothing if it has not ended, was no child or is long forgotten.
    [[nodiscard]] const EndedProcess* find(const sys::ProcessIdentity& process) const;

    /// Those that have ended, without workers, oldest first.
    [[nodiscard]] const std::deque<EndedProcess>& ended() const { return ended_; }

    void remember(const EndedProcess& ended);

private:
    std::map<pid_t, WorkKind> workers_;
    std::deque<EndedProcess> ended_;
};

}  // namespace corun::supervise
