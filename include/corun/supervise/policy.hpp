// Policy: how one container is to be supervised, as plain values with their defaults. Read from
// the bundle's annotations under `org.corun.` and from the command line by read_policy.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::supervise {

enum class RestartMode : std::uint8_t { no, on_failure, on_abnormal, always, unless_stopped };

[[nodiscard]] std::string_view name_of(RestartMode mode);

struct RestartPolicy {
    RestartMode mode = RestartMode::no;
    std::optional<unsigned> max_retries;  // of on_failure
    std::chrono::milliseconds delay{100};
    std::chrono::milliseconds max_delay{60'000};
    std::chrono::milliseconds reset{10'000};  // up this long: delay and retries start again
    unsigned start_limit = 0;  // starts within the interval; 0: no limit but the growing delay
    std::chrono::milliseconds start_limit_interval{10'000};
    std::vector<int> success_exit;  // statuses as a shell gives them: 128 + signal
    std::vector<int> prevent_exit;
};

/// What makes a starting container a running one.
enum class Readiness : std::uint8_t { started, notify, health, fd };

enum class HealthAction : std::uint8_t { none, restart, stop };

struct HealthPolicy {
    std::vector<std::string> command;  // argv; empty: no checks
    std::chrono::milliseconds interval{30'000};
    std::chrono::milliseconds timeout{30'000};
    unsigned retries = 3;                       // failures in a row until it is unhealthy
    std::chrono::milliseconds start_period{0};  // failures in it don't count
    HealthAction action = HealthAction::none;
};

enum class LogDriver : std::uint8_t { k8s_file, json_file, journald, none };

[[nodiscard]] std::string_view name_of(LogDriver driver);

/// What happens to output that cannot be written: the container waits, or it is thrown away.
enum class LogFull : std::uint8_t { block, drop };

struct LogPolicy {
    LogDriver driver = LogDriver::k8s_file;
    std::uint64_t max_size_bytes = 0;    // of one file; 0: never rotated
    unsigned max_files = 5;              // the current one included
    std::uint64_t total_size_bytes = 0;  // of all files of the container; 0: no cap
    LogFull when_full = LogFull::block;

    friend bool operator==(const LogPolicy&, const LogPolicy&) = default;
};

struct Policy {
    RestartPolicy restart;
    int stop_signal = 15;
    std::chrono::milliseconds stop_timeout{10'000};
    std::vector<std::string> after;
    std::vector<std::string> required;  // `requires` is a keyword
    Readiness readiness = Readiness::started;
    int readiness_fd = -1;  // of Readiness::fd: its number in the container
    std::chrono::milliseconds start_timeout{90'000};  // until it is ready
    HealthPolicy health;
    LogPolicy log;
};

}  // namespace corun::supervise
