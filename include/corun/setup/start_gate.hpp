// The wait between `created` and `running`. Child side, with the payload's ids.
// runtime-spec runtime#lifecycle
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// Tells the parent that the container is created and waits until it is on record. From then on the
/// child outlives its parent.
void report_ready(ChildContext& context);

/// Waits for the word to start. GateKind::socket: on the listener, from a process of the user who
/// created the container; who sent it hears of what goes wrong from here on.
void wait_at_gate(ChildContext& context);

}  // namespace corun::setup
