// Names of the states and events, as printed and as the control socket says them.
#include "corun/supervise/model.hpp"

#include <algorithm>
#include <cstddef>

namespace corun::supervise {

std::string_view name_of(UnitState state) {
    switch (state) {
        case UnitState::stopped:
            return "stopped";
        case UnitState::waiting:
            return "waiting";
        case UnitState::starting:
            return "starting";
        case UnitState::running:
            return "running";
        case UnitState::stopping:
            return "stopping";
        case UnitState::restarting:
            return "restarting";
        case UnitState::failed:
            return "failed";
    }
    return {};
}

std::string_view name_of(Health health) {
    switch (health) {
        case Health::none:
            return "none";
        case Health::starting:
            return "starting";
        case Health::healthy:
            return "healthy";
        case Health::unhealthy:
            return "unhealthy";
    }
    return {};
}

std::string_view name_of(EventKind kind) {
    switch (kind) {
        case EventKind::added:
            return "added";
        case EventKind::removed:
            return "removed";
        case EventKind::starting:
            return "starting";
        case EventKind::started:
            return "started";
        case EventKind::ready:
            return "ready";
        case EventKind::health:
            return "health";
        case EventKind::oom:
            return "oom";
        case EventKind::exited:
            return "exited";
        case EventKind::restarting:
            return "restarting";
        case EventKind::stopping:
            return "stopping";
        case EventKind::stopped:
            return "stopped";
        case EventKind::failed:
            return "failed";
        case EventKind::upgraded:
            return "upgraded";
    }
    return {};
}

void Histogram::observe(double value) {
    const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
    counts.resize(bounds.size() + 1);
    ++counts[static_cast<std::size_t>(bucket)];
    sum += value;
    ++count;
}

}  // namespace corun::supervise
