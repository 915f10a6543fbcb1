// A unit's way from run to run. Runs in the supervisor. An Error, or a want of memory, is this
// unit's failure and nobody else's.
#include "corun/supervise/unit.hpp"

#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/base/timestamp.hpp"
#include "corun/sys/terminal.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <utility>

namespace corun::supervise {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseAfterError{1000};

std::string text_of(const RunEnd& end) {
    if (end.signal != 0) {
        return concat("killed by signal ", end.signal);
    }
    return end.status ? concat("exit status ", *end.status) : "exit status unknown";
}

}  // namespace

Unit::Unit(Surroundings& surroundings, BundleEntry bundle)
    : surroundings_(surroundings), bundle_(std::move(bundle)), policy_(surroundings.defaults) {
    facts_.id = bundle_.id;
    facts_.bundle = bundle_.directory;
    read_policy_again();
    make_log();
}

// --- Wishes ------------------------------------------------------------------------------------

void Unit::tell_wish() {
    wishes_.changed.notify_all();
    surroundings_.changed.notify_all();  // it may wait for another
}

void Unit::wish_start() {
    goal_ = Goal::run;
    facts_.stopped_by_hand = false;
    facts_.over = false;
    facts_.restart_due_ms.reset();
    facts_.restart = {};
    tell_wish();
}

void Unit::wish_stop() {
    goal_ = Goal::stop;
    restarting_ = false;
    wishes_.stop = true;
    facts_.stopped_by_hand = true;
    save();
    tell_wish();
}

void Unit::wish_restart() {
    wish_start();
    restarting_ = run_ != nullptr;
    wishes_.stop = restarting_;
    tell_wish();
}

void Unit::wind_up() {
    winding_up_ = true;
    tell_wish();
}

void Unit::end_run() {
    wishes_.stop = true;
    tell_wish();
}

void Unit::retire() {
    retired_ = true;
    wishes_.stop = true;
    tell_wish();
}

void Unit::hasten() {
    wishes_.hasten = true;
    tell_wish();
}

void Unit::read_policy_again() {
    try {
        BundleConfig config = read_bundle_config(bundle_.directory, surroundings_.defaults);
        policy_ = std::move(config.policy);
        has_terminal_ = config.terminal;
        facts_.problem.clear();
    } catch (const Error& error) {
        facts_.problem = error.what();
    }
}

void Unit::reload() {
    read_policy_again();
    if (!facts_.problem.empty()) {
        surroundings_.engine.log().error(facts_.problem);
    }
    moved_.notify_all();
}

void Unit::keep_again() const {
    if (run_) {
        run_->keep_again();
    }
}

// --- From run to run ---------------------------------------------------------------------------

async::Task<> Unit::run() {
    std::string problem;
    while (!(winding_up_ || retired_) || run_ || !taken_up_) {
        try {
            co_await one_round();
            continue;
        } catch (const std::exception& error) {
            problem = error.what();
        }
        co_await get_over(std::move(problem));
    }
    if (!has_to_stay_stopped()) {
        // The next supervisor starts it as if for the first time.
        facts_.over = false;
        facts_.stopped_by_hand = false;
        facts_.restart_due_ms.reset();
        facts_.restart = {};
    }
    save();
}

bool Unit::has_to_stay_stopped() const {
    return facts_.stopped_by_hand && policy_.restart.mode == RestartMode::unless_stopped;
}

/// A want of descriptors or memory, most likely. While there is a container it is tried again:
/// nobody else looks after it.
async::Task<> Unit::get_over(std::string problem) {
    surroundings_.engine.log().error(concat(quote(id()), ": ", problem));
    if (run_ == nullptr && taken_up_) {
        fail(std::move(problem));
        co_return;
    }
    facts_.problem = std::move(problem);
    moved_.notify_all();
    co_await async::sleep_for(kPauseAfterError);
}

/// Also of one that has not run yet: who asks for its log is to find an empty one.
void Unit::make_log() {
    if (!log_ || !(log_->policy() == policy_.log)) {
        std::string path = concat(surroundings_.log_directory, "/", id(), ".log");
        log_ = std::make_unique<UnitLog>(id(), policy_.log, std::move(path), *surroundings_.stage);
    }
    facts_.log_path = log_->path();
    facts_.log_driver = name_of(policy_.log.driver);
}

void Unit::make_run() {
    make_log();
    wishes_.stop = false;
    run_ = std::make_unique<UnitRun>(RunContext{
        .surroundings = &surroundings_,
        .facts = &facts_,
        .policy = &policy_,
        .wishes = &wishes_,
        .log = log_.get(),
        .on_news = [this] { refresh_state(); },
    });
}

/// After a supervisor that was killed, or has become this one.
async::Task<> Unit::take_up() {
    std::optional<UnitFacts> facts = surroundings_.files.load(id());
    if (!facts || facts->bundle != bundle_.directory) {
        co_return;
    }
    std::string problem = std::exchange(facts_.problem, {});
    facts_ = *std::move(facts);
    if (!problem.empty()) {
        facts_.problem = std::move(problem);
    }
    goal_ = facts_.stopped_by_hand ? Goal::stop : Goal::run;
    make_run();
    const bool found = co_await run_->adopt();
    if (!found) {
        run_.reset();
        facts_.starting = false;
        if (!facts_.over) {
            enter(UnitState::stopped);
        }
        co_return;
    }
    wishes_.stop = goal_ == Goal::stop;
    refresh_state();
}

async::Task<> Unit::one_round() {
    if (!taken_up_) {
        co_await take_up();
        taken_up_ = true;
    } else if (run_) {
        co_await follow_run();
    } else if (winding_up_ || retired_) {
        co_return;
    } else if (goal_ == Goal::stop || facts_.over) {
        if (!facts_.over) {
            facts_.over = true;
            enter(UnitState::stopped);
            save();
        }
        co_await wishes_.changed.changed();
    } else if (facts_.restart_due_ms && *facts_.restart_due_ms > boot_time_ms()) {
        co_await wait_until_due();
    } else {
        co_await start_run();
    }
}

async::Task<> Unit::wait_until_due() {
    enter(UnitState::restarting);
    const milliseconds left(*facts_.restart_due_ms - boot_time_ms());
    (void)co_await async::changed_within(wishes_.changed, left);
}

/// Back also when it is no longer wanted.
async::Task<bool> Unit::turn_has_come() {
    const std::string obstacle = surroundings_.start_obstacle(*this);
    if (obstacle.empty()) {
        co_return true;
    }
    facts_.problem = obstacle;
    enter(UnitState::waiting);
    co_await surroundings_.changed.changed();
    co_return false;
}

bool Unit::is_wanted() const {
    return goal_ == Goal::run && !facts_.over && !winding_up_ && !retired_;
}

async::Task<> Unit::start_run() {
    const bool is_turn = co_await turn_has_come();
    if (!is_turn) {
        co_return;
    }
    const async::Permit permit = co_await surroundings_.starts.acquire();
    if (!is_wanted()) {
        co_return;
    }
    std::string problem;
    try {
        read_policy_again();
        if (!facts_.problem.empty()) {
            throw Error(facts_.problem);
        }
        co_await order_start();
        co_return;
    } catch (const std::exception& error) {
        problem = error.what();
    }
    conclude_failed_start(std::move(problem));
}

async::Task<> Unit::order_start() {
    const bool is_restart = facts_.restart_due_ms.has_value();
    make_run();
    enter(UnitState::starting);
    // An order whose answer was lost, for want of a descriptor, may have been carried out.
    const bool is_there = co_await run_->adopt();
    if (!is_there) {
        note_start(facts_.restart, policy_.restart, boot_time_ms());
        co_await run_->start(has_terminal_);
    }
    if (is_restart) {
        ++facts_.restarts;
    }
    refresh_state();
}

async::Task<> Unit::follow_run() {
    const RunEnd end = co_await run_->stay();
    run_.reset();
    conclude(end);
}

// --- What comes after an end -------------------------------------------------------------------

void Unit::conclude(const RunEnd& end) {
    const bool by_hand = std::exchange(restarting_, false);
    Decision decision;
    if (retired_ || winding_up_) {
        decision = {.verdict = Verdict::stopped, .text = "stay stopped: the supervisor says so"};
    } else if (by_hand) {
        decision = {.verdict = Verdict::restart, .text = "restart by hand"};
    } else if (end.stays_stopped) {
        decision = {.verdict = Verdict::failed, .text = "stay stopped: unhealthy"};
    } else {
        const Ended ended{
            .status = end.status,
            .signal = end.signal,
            .ran = end.ran,
            .by_hand = goal_ == Goal::stop,
            .start_failed = end.missed_start,
            .unhealthy = end.was_unhealthy,
        };
        decision = decide(policy_.restart, facts_.restart, ended, boot_time_ms());
    }
    facts_.process = {};
    facts_.starting = false;
    facts_.ready = false;
    if (end.missed_start) {
        facts_.problem = "not ready within its start-timeout";
    }
    facts_.add_exit({
        .time = rfc3339_nano(std::chrono::system_clock::now()),
        .status = end.status,
        .signal = end.signal,
        .oom = end.oom_kills != 0,
        .ran = end.ran,
        .decision = decision.text,
    });
    ++ends_;
    const EventKind outcome = carry_out(decision);
    if (by_hand) {
        facts_.restart_due_ms.reset();  // at once, and not one that nobody asked for
    }
    save();
    surroundings_.events.tell(EventKind::exited, id(), text_of(end));
    surroundings_.events.tell(outcome, id(), decision.text);
}

void Unit::conclude_failed_start(std::string problem) {
    if (run_ && !facts_.starting) {
        run_->give_up();
    }
    run_.reset();
    facts_.process = {};
    surroundings_.engine.log().error(concat("start ", quote(id()), ": ", problem));
    const Ended ended{.by_hand = goal_ == Goal::stop, .start_failed = true};
    const Decision decision = decide(policy_.restart, facts_.restart, ended, boot_time_ms());
    const EventKind outcome = carry_out(decision);
    facts_.problem = std::move(problem);
    save();
    surroundings_.events.tell(
        outcome, id(), outcome == EventKind::failed ? facts_.problem : decision.text
    );
}

/// What there is to be told of it, once it is saved: who hears of it may look.
EventKind Unit::carry_out(const Decision& decision) {
    switch (decision.verdict) {
        case Verdict::restart:
            facts_.restart_due_ms = boot_time_ms() + decision.delay.count();
            enter(UnitState::restarting);
            return EventKind::restarting;
        case Verdict::stopped:
            facts_.over = true;
            enter(UnitState::stopped);
            return EventKind::stopped;
        case Verdict::failed:
            break;
    }
    facts_.over = true;
    facts_.problem = decision.text;
    enter(UnitState::failed);
    return EventKind::failed;
}

void Unit::fail(std::string problem) {
    run_.reset();
    facts_.over = true;
    facts_.problem = std::move(problem);
    enter(UnitState::failed);
    save();
    surroundings_.events.tell(EventKind::failed, id(), facts_.problem);
}

void Unit::enter(UnitState state) {
    facts_.state = state;
    moved_.notify_all();
    surroundings_.changed.notify_all();
}

void Unit::refresh_state() {
    if (!run_) {
        return;
    }
    if (run_->is_stopping()) {
        enter(UnitState::stopping);
    } else {
        enter(run_->is_ready() ? UnitState::running : UnitState::starting);
    }
}

void Unit::save() const {
    try {
        surroundings_.files.save(facts_);
    } catch (const Error& error) {
        // No reason to end a container: only a successor will know less of it.
        surroundings_.engine.log().error(concat(quote(id()), ": ", error.what()));
    }
}

// --- Questions ---------------------------------------------------------------------------------

bool Unit::is_active() const {
    return run_ != nullptr || is_wanted();
}

UnitStatus Unit::status() const {
    UnitStatus status{
        .id = id(),
        .bundle = bundle_.directory,
        .state = facts_.state,
        .health = run_ ? run_->health() : Health::none,
        .pid = facts_.process.pid,
        .starts = facts_.starts,
        .restarts = facts_.restarts,
        .oom_kills = facts_.oom_kills,
        .problem = facts_.problem,
        .log_path = facts_.log_path,
        .history = facts_.exits,
    };
    if (log_) {
        status.log = log_->counters();
    }
    if (run_ && facts_.process.pid != 0) {
        status.started_at = facts_.started_at;
        status.uptime = milliseconds(boot_time_ms() - facts_.started_ms);
        status.notify_status = run_->notify_status();
        status.cgroup_path = run_->cgroup_path();
    }
    return status;
}

async::Task<ExitRecord> Unit::next_exit() {
    const std::uint64_t seen = ends_;
    while (ends_ == seen && is_active()) {
        co_await moved_.changed();
    }
    if (facts_.exits.empty()) {
        throw Error(facts_.problem.empty() ? "it has never run" : facts_.problem);
    }
    co_return facts_.exits.back();
}

async::Task<> Unit::settled() {
    while (true) {
        if (goal_ == Goal::stop && !run_ && facts_.over) {
            co_return;
        }
        const bool runs = facts_.state == UnitState::running && !restarting_;
        if (goal_ == Goal::run && runs) {
            co_return;
        }
        const bool failed = facts_.over || facts_.restart_due_ms.has_value();
        if (goal_ == Goal::run && failed && !run_ && !restarting_) {
            throw Error(facts_.problem.empty() ? "it has ended at once" : facts_.problem);
        }
        co_await moved_.changed();
    }
}

Attachment Unit::attach() {
    if (!run_ || facts_.process.pid == 0) {
        throw Error("container not running");
    }
    Attachment attachment;
    attachment.output = log_->follow();
    if (run_->console()) {
        attachment.input = sys::duplicate(run_->console());
        attachment.terminal = true;
    }
    return attachment;
}

void Unit::resize_terminal(unsigned rows, unsigned columns) {
    if (!run_ || !run_->console()) {
        throw Error("the container has no terminal");
    }
    sys::set_window_size(
        run_->console(),
        {.rows = static_cast<unsigned short>(rows), .columns = static_cast<unsigned short>(columns)}
    );
}

}  // namespace corun::supervise
