// The live upgrade: this process executes a new program and goes on as it was. Containers, their
// pipes and how they ended are the keeper's; what is to be known of each is in its file; here is
// the rest: sockets and counters.
#pragma once

#include "corun/async/task.hpp"
#include "corun/supervise/varlink_server.hpp"
#include "corun/sys/fd.hpp"

#include <cstdint>
#include <string>

namespace corun::supervise {

/// What one program leaves to the next. Empty parts: this one is the first.
struct Inheritance {
    sys::UniqueFd lock;     // of the supervisor's directory
    sys::UniqueFd metrics;  // the listener
    ControlHandover control;
    std::string started_at;        // RFC 3339; of the first
    std::uint64_t last_event = 0;  // its number
    std::uint64_t upgrades = 0;    // how many there were

    [[nodiscard]] bool is_empty() const { return !lock; }
};

/// Throws Error unless `program` can be executed and answers --version, as one does that can take
/// over.
[[nodiscard]] async::Task<> check_program(std::string program);

/// Executes `program` with the arguments and the environment of this one. Returns only by throwing;
/// everything is as before then.
[[noreturn]] void execute_upgrade(const std::string& program, const Inheritance& inheritance);

/// What execute_upgrade() left for this program; empty if there was none. Takes the mark of it out
/// of the environment.
[[nodiscard]] Inheritance take_inheritance();

}  // namespace corun::supervise
