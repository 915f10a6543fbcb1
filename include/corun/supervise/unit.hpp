// Unit: a container under supervision. One coroutine follows its policy from run to run; what it is
// told to do it does by and by, in the order of the last word.
#pragma once

#include "corun/async/condition.hpp"
#include "corun/async/task.hpp"
#include "corun/base/scope.hpp"
#include "corun/supervise/bundles.hpp"
#include "corun/supervise/control.hpp"
#include "corun/supervise/log_pump.hpp"
#include "corun/supervise/model.hpp"
#include "corun/supervise/policy.hpp"
#include "corun/supervise/surroundings.hpp"
#include "corun/supervise/unit_file.hpp"
#include "corun/supervise/unit_run.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace corun::supervise {

class Unit : NonCopyable {
public:
    /// Reads the policy; where that cannot be read the unit fails, and tries again when told to.
    Unit(Surroundings& surroundings, BundleEntry bundle);

    /// Until it is retired and its container has ended, or for ever. Throws nothing but Cancelled.
    [[nodiscard]] async::Task<> run();

    // Wishes; each returns at once.
    void wish_start();
    void wish_stop();
    void wish_restart();

    /// The supervisor ends: start nothing any more.
    void wind_up();

    /// Stop, though nobody wants it stopped for good: the end of winding up.
    void end_run();

    /// Its bundle is gone: stop, and be forgotten.
    void retire();

    /// The bundle has changed, or it may have: the policy holds from now on, the rest from the next
    /// start.
    void reload();

    /// Do not wait for stop_timeout any more.
    void hasten();

    void reopen_log() { log_->reopen(); }

    void keep_again() const;

    [[nodiscard]] const std::string& id() const { return facts_.id; }

    [[nodiscard]] const BundleEntry& bundle() const { return bundle_; }

    [[nodiscard]] const Policy& policy() const { return policy_; }

    [[nodiscard]] UnitState state() const { return facts_.state; }

    [[nodiscard]] bool is_retired() const { return retired_; }

    /// It runs, or is about to.
    [[nodiscard]] bool is_active() const;

    [[nodiscard]] UnitStatus status() const;

    /// The next end of a run; the last one if it does not run.
    [[nodiscard]] async::Task<ExitRecord> next_exit();

    /// Waits until it has come to where it was told to go. Throws what was in the way.
    [[nodiscard]] async::Task<> settled();

    [[nodiscard]] Attachment attach();

    void resize_terminal(unsigned rows, unsigned columns);

private:
    enum class Goal { run, stop };

    [[nodiscard]] async::Task<> get_over(std::string problem);
    [[nodiscard]] async::Task<> take_up();
    [[nodiscard]] async::Task<> one_round();
    [[nodiscard]] async::Task<bool> turn_has_come();
    [[nodiscard]] async::Task<> start_run();
    [[nodiscard]] async::Task<> order_start();
    [[nodiscard]] async::Task<> follow_run();
    [[nodiscard]] async::Task<> wait_until_due();
    void make_log();
    void make_run();
    void conclude(const RunEnd& end);
    void conclude_failed_start(std::string problem);
    [[nodiscard]] EventKind carry_out(const Decision& decision);
    void fail(std::string problem);
    void enter(UnitState state);
    void refresh_state();
    void read_policy_again();
    [[nodiscard]] bool is_wanted() const;
    [[nodiscard]] bool has_to_stay_stopped() const;
    void tell_wish();
    void save() const;

    Surroundings& surroundings_;
    BundleEntry bundle_;
    Policy policy_;
    bool has_terminal_ = false;
    UnitFacts facts_;
    RunWishes wishes_;
    std::unique_ptr<UnitLog> log_;
    std::unique_ptr<UnitRun> run_;  // while the container exists
    async::Condition moved_;        // the state, or an end
    Goal goal_ = Goal::run;
    bool taken_up_ = false;
    bool restarting_ = false;  // by hand
    bool winding_up_ = false;
    bool retired_ = false;
    std::uint64_t ends_ = 0;
};

}  // namespace corun::supervise
