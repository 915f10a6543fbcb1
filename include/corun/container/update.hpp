// The verb `update`: new limits for a container that exists. Parent side.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/engine.hpp"
#include "corun/oci/spec.hpp"

#include <string>

namespace corun::container {

struct UpdateRequest {
    ContainerId id;
    /// What is not set stays as it is; devices always do.
    oci::Resources resources;
    /// Lines for resctrl; empty: as it is. A container without a class of service gets one.
    std::string l3_cache_schema = {};
    std::string mem_bw_schema = {};
};

/// Created, running and paused containers; throws `container not running` for others. Either all of
/// it is applied or, with an error that names property, file and value, none.
async::Task<> update(Engine& engine, UpdateRequest request);

}  // namespace corun::container
