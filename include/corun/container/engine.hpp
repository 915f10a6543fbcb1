// Engine: what every verb works with. One command makes one for itself; the supervisor makes one
// for all its containers. The loop is not in it: a coroutine finds its own.
#pragma once

#include "corun/base/log.hpp"
#include "corun/base/scope.hpp"
#include "corun/container/bus_address.hpp"
#include "corun/container/cgroup_hierarchy.hpp"
#include "corun/container/store.hpp"
#include "corun/sys/timeline.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace corun::container {

/// Who makes the cgroups.
enum class CgroupManager {
    cgroupfs,
    systemd,
    disabled,  // containers stay in the caller's cgroup; limits are refused
};

/// `--rootless`: whether a cgroup that cannot be made for want of permission is done without.
enum class CgroupTolerance {
    automatic,  // if not root, or root only in a user namespace
    strict,
    tolerant,
};

struct EngineOptions {
    std::string root;  // of the state; absolute
    CgroupManager cgroup_manager = CgroupManager::cgroupfs;
    CgroupTolerance cgroup_tolerance = CgroupTolerance::automatic;
    BusEnvironment bus_environment;
    sys::Timeline* timeline = nullptr;  // of this command's start; outlives the engine
    // Given the timeline when the start is over.
    std::function<void(const sys::Timeline&)> on_started;
};

/// Shared by the verbs that run at the same time; what they take by value is in their requests.
class Engine : NonCopyable {
public:
    /// `log` must outlive the engine.
    Engine(EngineOptions options, const Log& log)
        : options_(std::move(options)), store_(options_.root), log_(log) {}

    [[nodiscard]] const EngineOptions& options() const { return options_; }

    [[nodiscard]] const Store& store() const { return store_; }

    /// For warnings that the specification asks for; failures are thrown.
    [[nodiscard]] const Log& log() const { return log_; }

    /// A part of the verb begins: a record for --debug, a mark on the timeline.
    void begin(std::string_view part) const;

    /// The start is over: what the child's steps took, for --debug, and whoever wants to know.
    void report_start() const;

    /// The cgroup2 mount, looked for when first asked for; stays the same after that.
    [[nodiscard]] const CgroupHierarchy& cgroups();

private:
    EngineOptions options_;
    Store store_;
    const Log& log_;
    std::optional<CgroupHierarchy> cgroups_;
};

}  // namespace corun::container
