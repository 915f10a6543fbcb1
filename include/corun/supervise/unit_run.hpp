// One run of a container under supervision: from the order to start it, or from finding it alive,
// to its end and removal. What comes before and after (policy, restarts) is supervise/unit's.
#pragma once

#include "corun/async/condition.hpp"
#include "corun/async/group.hpp"
#include "corun/async/task.hpp"
#include "corun/base/scope.hpp"
#include "corun/container/cgroup.hpp"
#include "corun/supervise/health_state.hpp"
#include "corun/supervise/log_pump.hpp"
#include "corun/supervise/model.hpp"
#include "corun/supervise/policy.hpp"
#include "corun/supervise/surroundings.hpp"
#include "corun/supervise/unit_file.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/pidfd.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corun::supervise {

/// What the unit wants of its run; said by `changed`.
struct RunWishes : NonCopyable {
    bool stop = false;
    bool hasten = false;  // without the patience of stop_timeout
    async::Condition changed;
};

/// How a run ended.
struct RunEnd {
    std::optional<int> status;  // as a shell has it; nothing: the kernel did not tell
    int signal = 0;
    std::uint64_t oom_kills = 0;
    std::chrono::milliseconds ran{};
    bool was_unhealthy = false;  // and therefore stopped
    bool stays_stopped = false;  // by the policy of its health
    bool missed_start = false;   // not ready within start_timeout, and therefore stopped
};

/// What a unit lends to its run. All of it outlives the run.
struct RunContext {
    Surroundings* surroundings = nullptr;
    UnitFacts* facts = nullptr;
    const Policy* policy = nullptr;
    RunWishes* wishes = nullptr;
    UnitLog* log = nullptr;
    std::function<void()> on_news;  // ready, health, or something to tell has changed
};

class UnitRun : NonCopyable {
public:
    explicit UnitRun(RunContext context);

    /// Starts the container. Throws what stopped it; nothing of it is left then, unless the facts
    /// still say that it is starting: what has become of the order is not known, adopt() finds out.
    [[nodiscard]] async::Task<> start(bool has_terminal);

    /// Takes over the container that the facts tell of, alive or ended; false if there is nothing
    /// of it but leftovers of a start that did not come far.
    [[nodiscard]] async::Task<bool> adopt();

    /// Stays with the container to its end, and removes it. What cancellation interrupts, adopt()
    /// can take up again; after an Error it can be called again.
    [[nodiscard]] async::Task<RunEnd> stay();

    /// There is no container any more, or none has come about: takes what is left of its output.
    void give_up();

    /// Gives the keeper, a new one, what it must have.
    void keep_again() const;

    [[nodiscard]] bool is_ready() const { return context_.facts->ready; }

    [[nodiscard]] bool is_stopping() const { return stopping_; }

    [[nodiscard]] Health health() const { return health_.health(); }

    [[nodiscard]] const std::string& notify_status() const { return notify_status_; }

    [[nodiscard]] const std::string& cgroup_path() const { return cgroup_path_; }

    /// The terminal's master; empty without one.
    [[nodiscard]] const sys::UniqueFd& console() const { return console_; }

private:
    static async::Task<> live(async::Group& group, UnitRun* self);
    static async::Task<> keep_up(UnitRun* self, async::Task<> (*activity)(UnitRun*));
    static async::Task<> log_output(UnitRun* self);
    static async::Task<> log_errors(UnitRun* self);
    static async::Task<> obey(UnitRun* self);
    static async::Task<> relay_console(UnitRun* self);
    static async::Task<> hear_notify(UnitRun* self);
    static async::Task<> hear_readiness(UnitRun* self);
    static async::Task<> limit_start(UnitRun* self);
    static async::Task<> check_health(UnitRun* self);
    static async::Task<> watch_memory(UnitRun* self);

    [[nodiscard]] async::Task<std::vector<sys::UniqueFd>> take(std::string name) const;
    [[nodiscard]] async::Task<> take_output();
    [[nodiscard]] async::Task<> take_rest();
    [[nodiscard]] async::Task<> set_up();
    [[nodiscard]] KeeperRequest order() const;
    [[nodiscard]] async::Task<> clear_leftovers();
    [[nodiscard]] async::Task<> stop();
    [[nodiscard]] async::Task<> wait_for_end(std::chrono::milliseconds limit);
    [[nodiscard]] async::Task<> check_once();
    [[nodiscard]] async::Task<> finish(RunEnd* end);
    [[nodiscard]] async::Task<> find_status(RunEnd* end);
    [[nodiscard]] async::Task<> remove_container();
    void open_streams(bool has_terminal, std::vector<sys::UniqueFd>& for_container);
    void note_process(const sys::ProcessIdentity& identity);
    void become_ready();
    void hear(std::string_view message);
    void note_check(CheckResult result, const std::string& detail);
    void note_oom_kills(std::uint64_t count);
    void look_for_oom_kills();
    [[nodiscard]] std::optional<container::Cgroup> try_open_cgroup() const;
    [[nodiscard]] bool is_paused() const;
    void save() const;
    void thaw();
    void drop_kept() const;
    void drain_output();
    [[nodiscard]] std::vector<sys::FdRef> output_fds() const;

    RunContext context_;
    sys::Pidfd process_;
    sys::UniqueFd console_;
    sys::UniqueFd console_pipe_;  // the write end of what goes from it into the log
    sys::UniqueFd notify_;
    sys::UniqueFd readiness_;
    HealthState health_;
    std::string cgroup_path_;
    std::string notify_status_;
    async::Condition started_;  // ready, or more time given
    async::Clock::time_point start_deadline_;
    bool lacks_output_ = false;  // the terminal, which the keeper has
    bool is_set_up_ = false;
    bool stopping_ = false;
    bool unhealthy_ = false;
    bool wants_stay_stopped_ = false;
    bool late_ = false;
    std::uint64_t oom_kills_ = 0;
};

}  // namespace corun::supervise
