// What ties a process to its caller: session, keyring, and the right to look into it.
// Child side, as root of the container's user namespace.
#pragma once

#include "corun/setup/step.hpp"

namespace corun::setup {

/// setsid(2): no controlling terminal is inherited.
void start_session(ChildContext& context);

/// Joins a new session keyring of the plan's name, searchable by its possessor and user, so that
/// the caller's keys stay out of reach. A kernel without keyrings is fine. session-keyring(7)
void join_session_keyring(ChildContext& context);

/// Nobody in the container may trace this process or open its /proc files until exec.
/// (CVE-2016-9962) Not before the parent has written the id maps: it could not open them any more.
void make_undumpable(ChildContext& context);

}  // namespace corun::setup
