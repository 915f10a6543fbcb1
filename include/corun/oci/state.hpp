// What a container looks like from outside: the state JSON of the spec in the longer forms that
// `state` and `list` print. Pure; runs in the parent. (container/state_text has that of hooks.)
#pragma once

#include "corun/oci/spec.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corun::oci {

/// The newest version of the runtime specification that is implemented, and the oldest.
inline constexpr std::string_view kOciVersion = "1.3.0";
inline constexpr std::string_view kOciVersionMin = "1.0.0";

enum class Status : std::uint8_t {
    creating,
    created,
    running,
    /// Not of the spec, but what runc and crun print.
    paused,
    stopped,
};

[[nodiscard]] std::string_view status_name(Status status);

/// runtime-spec 1.3 runtime.md#state.
struct State {
    std::string oci_version = std::string(kOciVersion);
    std::string id;
    Status status = Status::creating;
    /// As the runtime sees it; 0: there is no process.
    std::int64_t pid = 0;
    /// Absolute.
    std::string bundle;
    StringMap annotations;
};

/// What a supervisor knows of a container.
struct SupervisedReport {
    std::uint64_t restarts = 0;
    std::int64_t uptime_ms = 0;
    std::string health;
};

/// State, and what callers of runc expect beside it.
struct StateReport {
    State state;
    /// Absolute.
    std::string rootfs;
    /// RFC 3339 with nanoseconds, UTC.
    std::string created;
    /// The name of the user who created it, or `#1000` if the number has no name.
    std::string owner;
    /// Nothing: no supervisor looks after it.
    std::optional<SupervisedReport> supervised = std::nullopt;
};

/// Indented by two blanks, in runc's order, without a newline at the end; for `state`.
[[nodiscard]] std::string state_report_json(const StateReport& report);

/// A compact array, or `null` for an empty list as runc prints it; for `list --format json`.
[[nodiscard]] std::string state_list_json(std::span<const StateReport> reports);

}  // namespace corun::oci
