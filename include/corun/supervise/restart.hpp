// Whether and when a container that has ended is started again. Pure: who asks brings the time, of
// a clock that no administrator can set.
#pragma once

#include "corun/oci/json_reader.hpp"
#include "corun/oci/json_writer.hpp"
#include "corun/supervise/policy.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace corun::supervise {

/// What was tried before.
struct RestartHistory {
    unsigned retries = 0;                     // in a row, of on-failure:N
    std::chrono::milliseconds next_delay{0};  // 0: the policy's first
    std::vector<std::int64_t> starts_ms;      // CLOCK_BOOTTIME, oldest first; as many as count
};

void write_json(oci::JsonWriter& json, const RestartHistory& history);
void read_value(oci::JsonValue value, RestartHistory& out);

/// How a run, or the attempt to start one, ended.
struct Ended {
    std::optional<int> status;  // as a shell has it; nothing: not known
    int signal = 0;
    std::chrono::milliseconds ran{};
    bool by_hand = false;  // somebody wanted it stopped
    bool start_failed = false;
    bool unhealthy = false;
};

enum class Verdict : std::uint8_t { restart, stopped, failed };

struct Decision {
    Verdict verdict = Verdict::stopped;
    std::chrono::milliseconds delay{};  // until the restart
    std::string text;                   // for people
};

/// Notes what it decides in `history`. A restart that would be one start too many within the
/// policy's interval is a failure.
[[nodiscard]] Decision decide(
    const RestartPolicy& policy, RestartHistory& history, const Ended& ended, std::int64_t now_ms
);

/// A start, whoever asked for it.
void note_start(RestartHistory& history, const RestartPolicy& policy, std::int64_t now_ms);

}  // namespace corun::supervise
