// What all units of one supervisor work with. Plain references and values; no logic.
#pragma once

#include "corun/async/condition.hpp"
#include "corun/async/semaphore.hpp"
#include "corun/base/scope.hpp"
#include "corun/container/engine.hpp"
#include "corun/supervise/event_log.hpp"
#include "corun/supervise/keeper_client.hpp"
#include "corun/supervise/log_stage.hpp"
#include "corun/supervise/model.hpp"
#include "corun/supervise/policy.hpp"
#include "corun/supervise/unit_file.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace corun::supervise {

class Unit;

struct Surroundings : NonCopyable {
    Surroundings(container::Engine& the_engine, EventLog& the_events, unsigned parallel_starts)
        : engine(the_engine),
          events(the_events),
          files(the_engine.options().root),
          starts(parallel_starts) {}

    container::Engine& engine;
    EventLog& events;
    UnitFiles files;
    std::optional<KeeperClient> keeper;  // another one after the first has died
    std::optional<LogStage> stage;
    async::Semaphore starts;   // how many may be under way at a time
    async::Condition changed;  // the state of some unit
    Histogram start_latency;
    Policy defaults;                     // of the command line
    std::string log_directory;           // absolute
    std::uint64_t open_files_limit = 0;  // soft; what containers would have without us

    // Of the unit's neighbours. Why it cannot start yet ("waits for 'db'"; empty: it can); throws
    // Error where it never will. And whether, at the supervisor's end, one that started after it
    // and because of it has not ended yet.
    std::function<std::string(const Unit&)> start_obstacle;
    std::function<bool(const Unit&)> is_still_needed;
};

}  // namespace corun::supervise
