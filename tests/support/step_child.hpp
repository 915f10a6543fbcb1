// Runs steps of the child's half in a process of their own, with the parent's side of the handshake
// played in advance: its answers are queued before the child is born, so nobody waits for anybody.
#pragma once

#include "corun/setup/step.hpp"
#include "corun/sys/pidfd.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace corun::test {

/// What the child left behind.
struct StepOutcome {
    std::string found;   // what the body returned
    std::string error;   // text of what it threw
    std::string output;  // what was written to its stdout and stderr
    sys::ExitStatus status;
    std::vector<setup::Message> messages;  // that it sent, in order
};

/// Returns what it found out, for the test to compare; must not use doctest's macros.
using StepBody = std::function<std::string(setup::ChildContext&)>;

/// Runs `body` in a child, in new `namespaces` (CLONE_NEW*), with a handshake on whose other side
/// `answers` wait already. What is found survives even if the child closes all descriptors.
[[nodiscard]] StepOutcome run_in_child(
    const setup::Plan& plan,
    const StepBody& body,
    std::uint64_t namespaces = 0,
    std::vector<setup::Message> answers = {}
);

/// A Proceed.
[[nodiscard]] setup::Message proceed();

/// Value of `key` in /proc/self/status: own_status("CapEff") is "0000000000000000".
[[nodiscard]] std::string own_status(std::string_view key);

}  // namespace corun::test
