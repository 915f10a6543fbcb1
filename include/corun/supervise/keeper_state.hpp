// What a keeper leaves to the program that takes its place, in the same process: all that it keeps
// and remembers. Its children stay its children.
#pragma once

#include "corun/supervise/keeper_messages.hpp"
#include "corun/sys/fd.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace corun::supervise {

using Fds = std::vector<sys::UniqueFd>;
using KeptFds = std::map<std::string, Fds, std::less<>>;

struct KeeperState {
    KeptFds kept;
    std::vector<EndedProcess> ended;
};

/// Executes `program` as a keeper with this state; the listener is standard input still. Where that
/// fails the old program begins anew in its place; returns only by throwing if that fails as well.
[[noreturn]] void execute_keeper(const std::string& program, const KeeperState& state);

/// What execute_keeper() left for this program; empty if there was none.
[[nodiscard]] KeeperState take_keeper_state();

}  // namespace corun::supervise
