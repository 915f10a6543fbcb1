// What the supervisor says about its containers, as plain values: for the control socket, the
// metrics and the tables of the command line. Filled by supervise/supervisor; no logic here.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::supervise {

/// Where a container is on its way.
enum class UnitState : std::uint8_t {
    stopped,  // not wanted to run: never started, stopped by hand, or ended and not to be restarted
    waiting,  // for what it comes after
    starting,    // being made, or not ready yet
    running,     // and ready
    stopping,    // told to end
    restarting,  // ended; its restart's delay is running
    failed,      // could not be started, was started too often, or ended with an error for good
};

[[nodiscard]] std::string_view name_of(UnitState state);

enum class Health : std::uint8_t { none, starting, healthy, unhealthy };

[[nodiscard]] std::string_view name_of(Health health);

/// One end of a container's first process.
struct ExitRecord {
    std::string time;  // RFC 3339 with nanoseconds
    /// Exit code, or 128 + signal; absent where the kernel did not tell (adopted, before
    /// Linux 6.15).
    std::optional<int> status;
    int signal = 0;
    bool oom = false;                 // a process of the container was killed for want of memory
    std::chrono::milliseconds ran{};  // from start to end
    std::string decision;             // "restart in 200ms", "stay stopped: exit status 0", ...
};

/// What became of what a container wrote.
struct LogCounters {
    std::uint64_t bytes = 0;  // of the container's own, without framing
    std::uint64_t lines = 0;
    std::uint64_t dropped_bytes = 0;
    std::uint64_t rotations = 0;
    std::uint64_t errors = 0;  // writes that failed
};

struct UnitStatus {
    std::string id;
    std::string bundle;  // absolute
    UnitState state = UnitState::stopped;
    Health health = Health::none;
    int pid = 0;  // of the first process; 0: there is none
    std::uint64_t starts = 0;
    std::uint64_t restarts = 0;  // starts that nobody asked for
    std::uint64_t oom_kills = 0;
    std::string started_at;  // RFC 3339; empty: not running
    std::chrono::milliseconds uptime{};
    std::string problem;        // the last error, for people; empty: none
    std::string notify_status;  // STATUS= of sd_notify(3)
    LogCounters log;
    std::string log_path;             // absolute; empty: no file
    std::string cgroup_path;          // below the cgroup2 mount; empty: none
    std::vector<ExitRecord> history;  // the last ones, oldest first
};

/// What happened to a container, told to who follows the events.
enum class EventKind : std::uint8_t {
    added,
    removed,
    starting,
    started,
    ready,
    health,
    oom,
    exited,
    restarting,
    stopping,
    stopped,
    failed,
    upgraded,
};

[[nodiscard]] std::string_view name_of(EventKind kind);

struct Event {
    std::uint64_t sequence = 0;
    std::string time;  // RFC 3339 with nanoseconds
    EventKind kind = EventKind::added;
    std::string id;
    std::string detail;  // for people: "exit status 1", "unhealthy"
};

/// A histogram with fixed bounds. (Prometheus)
struct Histogram {
    std::vector<double> bounds;         // seconds, ascending; the last bucket is everything
    std::vector<std::uint64_t> counts;  // one more than bounds; each bucket's own, not summed up
    double sum = 0;
    std::uint64_t count = 0;

    void observe(double value);
};

/// What the supervisor says about itself.
struct SupervisorStatus {
    std::string version;
    int pid = 0;
    std::string started_at;
    std::uint64_t upgrades = 0;
    Histogram start_latency;  // from the decision to a container's first process executing
    Histogram loop_lag;       // how much later than asked for a timer of the loop fires
};

}  // namespace corun::supervise
