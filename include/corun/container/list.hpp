// The verb `list`: all containers of a state root. Parent side.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/summary.hpp"

#include <string>
#include <vector>

namespace corun::container {

struct ListRequest {};

struct Listing {
    std::vector<Summary> containers;    // sorted by id
    std::vector<std::string> failures;  // of those whose state cannot be read, one line each
};

/// A container that is deleted meanwhile is left out.
async::Task<Listing> list(Engine& engine, ListRequest request);

}  // namespace corun::container
