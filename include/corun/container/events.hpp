// The verb `events`: a container's statistics, once or again and again, and its out-of-memory
// kills as they happen. Parent side; waits, polls nothing.
#pragma once

#include "corun/async/task.hpp"
#include "corun/container/cgroup_stats.hpp"
#include "corun/container/engine.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace corun::container {

struct Event {
    /// Nothing: the kernel has killed a process for want of memory.
    std::optional<CgroupStats> stats;
};

struct EventsRequest {
    ContainerId id;
    std::chrono::nanoseconds interval = std::chrono::seconds(5);
    std::function<void(const Event& event)> tell;
};

/// Until the container has no process left. Throws `container not running` if it has none now.
async::Task<> events(Engine& engine, EventsRequest request);

struct StatsRequest {
    ContainerId id;
};

/// The statistics of now. Throws `container not running`.
async::Task<CgroupStats> stats(Engine& engine, StatsRequest request);

/// One line, `{"type":"stats","id":"web","data":{…}}` or `{"type":"oom",…}`, in the shape of runc's
/// types.Event, which engines parse.
[[nodiscard]] std::string event_json(std::string_view id, const Event& event);

}  // namespace corun::container
