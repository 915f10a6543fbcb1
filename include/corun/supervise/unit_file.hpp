// What of a container outlives the supervisor: `<root>/@supervise/units/<id>.json`, written before
// and after each step that a successor must know of. Also read by `corun logs`.
#pragma once

#include "corun/supervise/model.hpp"
#include "corun/supervise/restart.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/pidfd.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::supervise {

/// How many ends are remembered.
inline constexpr std::size_t kMaxExits = 10;

struct UnitFacts {
    std::string id;
    std::string bundle;                    // absolute
    UnitState state = UnitState::stopped;  // when last written
    bool stopped_by_hand = false;
    bool over = false;  // it has ended, or could not be started, and stays so

    /// A start was ordered: a container of that id is ours, whatever its process. Until `process`
    /// is known.
    bool starting = false;
    sys::ProcessIdentity process;  // of the container that runs; pid 0: none is known
    std::string started_at;        // RFC 3339
    std::int64_t started_ms = 0;   // CLOCK_BOOTTIME
    bool ready = false;

    std::optional<std::int64_t> restart_due_ms;  // CLOCK_BOOTTIME
    RestartHistory restart;
    std::uint64_t starts = 0;
    std::uint64_t restarts = 0;
    std::uint64_t oom_kills = 0;
    std::string problem;
    std::vector<ExitRecord> exits;  // oldest first

    std::string log_path;    // absolute; empty: no file
    std::string log_driver;  // as in the annotation

    void add_exit(ExitRecord record);
};

/// The directory of the units' files.
class UnitFiles {
public:
    /// Makes it below `<root>/@supervise` if it is missing.
    explicit UnitFiles(std::string_view root);

    /// In one step: a reader sees the old or the new.
    void save(const UnitFacts& facts) const;

    /// Nothing if there is none, or it is not one: then nobody knows more than that.
    [[nodiscard]] std::optional<UnitFacts> load(std::string_view id) const;

    /// Ids of all that have one.
    [[nodiscard]] std::vector<std::string> ids() const;

    void remove(std::string_view id) const;

private:
    sys::UniqueFd directory_;
};

/// Milliseconds of CLOCK_BOOTTIME: neither a step of the clock nor a suspended machine confuses it.
[[nodiscard]] std::int64_t boot_time_ms();

}  // namespace corun::supervise
