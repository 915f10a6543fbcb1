// The supervisor's process: root or an ordinary user, one thread, one loop; a subreaper. It holds
// the lock of its directory, so that there is one for each state root.
#include "corun/supervise/supervisor.hpp"

#include "corun/async/context.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/base/timestamp.hpp"
#include "corun/container/id.hpp"
#include "corun/supervise/http_server.hpp"
#include "corun/supervise/model_json.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"

#include <fcntl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

namespace corun::supervise {

namespace {

constexpr const char* kLockFile = "lock";
constexpr std::chrono::seconds kLagInterval{1};
constexpr std::chrono::seconds kPauseAfterError{1};

/// Of a unit's file and its log: names of files.
constexpr std::size_t kMaxIdBytes = 200;

Histogram seconds_histogram(std::vector<double> bounds) {
    Histogram histogram;
    histogram.counts.resize(bounds.size() + 1);
    histogram.bounds = std::move(bounds);
    return histogram;
}

sys::UniqueFd take_lock(const std::string& root) {
    const std::string directory = supervisor_directory(root);
    sys::make_directories(directory, 0700);
    sys::UniqueFd lock = sys::open(concat(directory, "/", kLockFile), O_RDWR | O_CREAT, 0600);
    if (!sys::try_lock_exclusive(lock)) {
        throw Error(concat("a supervisor runs already with root ", quote(root)), EBUSY);
    }
    return lock;
}

void print_event(const Event& event) {
    // Who closed standard output does not want to know.
    (void)sys::try_write(sys::FdRef(STDOUT_FILENO), to_json(event) + "\n");
}

EventLog::Sink event_sink(const SupervisorOptions& options) {
    return options.prints_events ? EventLog::Sink(print_event) : EventLog::Sink();
}

/// Nothing on a host without a cgroup2 mount: then containers have no statistics.
std::optional<sys::FdRef> cgroup_mount(container::Engine& engine) {
    try {
        return engine.cgroups().directory.ref();
    } catch (const Error&) {
        return std::nullopt;
    }
}

bool is_settled(UnitState state) {
    return state != UnitState::waiting && state != UnitState::starting;
}

}  // namespace

Supervisor::Supervisor(
    container::Engine& engine,
    SupervisorOptions options,
    ServiceEnvironment service,
    Inheritance inherited
)
    : options_(std::move(options)),
      inherited_(std::move(inherited)),
      service_(std::move(service)),
      events_(inherited_.last_event, event_sink(options_)),
      surroundings_(engine, events_, options_.parallel_starts),
      signals_({SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD}),
      source_(options_.bundles, options_.directory),
      loop_lag_(seconds_histogram({0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1})) {
    if (inherited_.is_empty()) {
        inherited_.lock = take_lock(engine.options().root);
        inherited_.started_at = rfc3339_nano(std::chrono::system_clock::now());
    } else {
        ++inherited_.upgrades;
    }
    surroundings_.start_latency =
        seconds_histogram({0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5});
    surroundings_.defaults = options_.defaults;
    surroundings_.log_directory = options_.log_directory;
    surroundings_.open_files_limit = sys::raise_open_files_limit();
    surroundings_.start_obstacle = [this](const Unit& unit) { return start_obstacle(unit); };
    surroundings_.is_still_needed = [this](const Unit& unit) { return is_still_needed(unit); };
    sys::set_child_subreaper();
    sys::make_directories(options_.log_directory, 0700);
}

Supervisor::~Supervisor() = default;

// --- The keeper --------------------------------------------------------------------------------

/// After an upgrade it gets the new program, too: it forks those that start containers.
async::Task<> Supervisor::find_keeper() {
    const std::string& root = surroundings_.engine.options().root;
    surroundings_.keeper = KeeperClient::try_connect(root);
    if (!surroundings_.keeper) {
        renew_keeper();
        co_return;
    }
    KeeperRequest settle;
    settle.verb = KeeperVerb::settle;
    const KeeperAnswer settled = co_await surroundings_.keeper->ask(std::move(settle));
    // This process' child, after an upgrade.
    keeper_process_ = sys::Pidfd::try_open(settled.reply.process.pid).value_or(sys::Pidfd());
    if (inherited_.upgrades == 0) {
        co_return;
    }
    KeeperRequest renew;
    renew.verb = KeeperVerb::renew;
    renew.name = options_.program;
    (void)co_await surroundings_.keeper->ask(std::move(renew));
    surroundings_.keeper.emplace(KeeperClient::connect(root));
}

void Supervisor::renew_keeper() {
    const std::string& root = surroundings_.engine.options().root;
    keeper_process_ = start_keeper(root);
    surroundings_.keeper.emplace(KeeperClient::connect(root));
}

async::Task<> Supervisor::find_stage() {
    KeeperRequest request;
    request.verb = KeeperVerb::take;
    request.name = kStageName;
    KeeperAnswer answer = co_await surroundings_.keeper->ask(std::move(request));
    if (answer.fds.empty()) {
        surroundings_.stage.emplace(LogStage::create());
        keep_stage();
        co_return;
    }
    surroundings_.stage.emplace(LogStage::from(std::move(answer.fds)));
}

void Supervisor::keep_stage() const {
    surroundings_.keeper->keep(std::string(kStageName), surroundings_.stage->fds());
}

/// Killed by somebody: nothing is lost but how containers end that were its children, and those
/// are this process' now.
async::Task<> Supervisor::follow_keeper(Supervisor* self) {
    while (true) {
        co_await async::readable(self->surroundings_.keeper->socket());
        self->surroundings_.engine.log().warning("the keeper has ended: another takes its place");
        if (self->keeper_process_) {
            (void)self->keeper_process_.try_wait_if_child();  // reaps it; its status tells nothing
        }
        const bool renewed = self->attempt([&] {
            self->renew_keeper();
            self->keep_stage();
            for (const auto& [id, unit] : self->units_) {
                unit->keep_again();
            }
        });
        if (!renewed) {
            co_await async::sleep_for(kPauseAfterError);
        }
    }
}

/// An Error is reported, and no reason to end.
bool Supervisor::attempt(const std::function<void()>& action) const {
    try {
        action();
        return true;
    } catch (const Error& error) {
        surroundings_.engine.log().error(error.what());
        return false;
    }
}

// --- The units ---------------------------------------------------------------------------------

async::Task<> Supervisor::run_unit(Supervisor* self, Unit* unit) {
    co_await unit->run();
    if (unit->is_retired()) {
        self->forget(unit->id());
    }
}

/// All at once, so that each knows of the others before the first begins.
void Supervisor::add(const std::vector<BundleEntry>& bundles) {
    std::vector<Unit*> added;
    for (const BundleEntry& bundle : bundles) {
        if (bundle.id.size() > kMaxIdBytes) {
            surroundings_.engine.log().error(
                concat("bundle ", quote(bundle.directory), ": the id is longer than ", kMaxIdBytes)
            );
        } else if (try_find(bundle.id) == nullptr) {  // else: once that one is gone
            auto unit = std::make_unique<Unit>(surroundings_, bundle);
            added.push_back(unit.get());
            units_[bundle.id] = std::move(unit);
        }
    }
    check_order();
    for (Unit* const unit : added) {
        events_.tell(EventKind::added, unit->id(), unit->bundle().directory);
        group_->spawn(run_unit(this, unit));
    }
    surroundings_.changed.notify_all();
}

void Supervisor::forget(const std::string& id) {
    surroundings_.files.remove(id);
    events_.tell(EventKind::removed, id);
    units_.erase(id);
    std::vector<BundleEntry> back;  // meanwhile, or elsewhere
    for (const BundleEntry& bundle : scan_.bundles) {
        if (bundle.id == id) {
            back.push_back(bundle);
        }
    }
    add(back);
}

/// Containers of bundles that are gone since: their supervisor is to stop them.
void Supervisor::add_orphans() {
    for (const std::string& id : surroundings_.files.ids()) {
        if (try_find(id) != nullptr || !container::is_container_id(id)) {
            continue;
        }
        const std::optional<UnitFacts> facts = surroundings_.files.load(id);
        if (!facts || (facts->process.pid == 0 && !facts->starting)) {
            surroundings_.files.remove(id);
            continue;
        }
        add({{.id = id, .directory = facts->bundle}});
        find(id).retire();
    }
}

void Supervisor::report_problems(const BundleScan& scan) {
    for (const BundleProblem& problem : scan.problems) {
        surroundings_.engine.log().error(concat("bundle ", quote(problem.where), ": ", problem.text)
        );
    }
}

void Supervisor::scan() {
    BundleScan now = source_.scan();
    report_problems(now);
    const ScanDiff changes = diff(scan_, now);
    for (const BundleEntry& bundle : changes.removed) {
        if (Unit* const unit = try_find(bundle.id)) {
            unit->retire();
        }
    }
    for (const BundleEntry& bundle : changes.changed) {
        if (Unit* const unit = try_find(bundle.id)) {
            unit->reload();
        }
    }
    scan_ = std::move(now);
    add(changes.added);
}

void Supervisor::check_order() {
    std::vector<UnitOrder> order;
    for (const auto& [id, unit] : units_) {
        order.push_back(
            {.id = id, .after = unit->policy().after, .required = unit->policy().required}
        );
    }
    order_problems_ = find_order_problems(order);
}

std::string Supervisor::start_obstacle(const Unit& unit) const {
    const auto problem = order_problems_.find(unit.id());
    if (problem != order_problems_.end()) {
        throw Error(problem->second);
    }
    for (const std::string& id : unit.policy().required) {
        const Unit* const other = try_find(id);
        if (other == nullptr || !other->is_active()) {
            throw Error(concat("requires ", quote(id), ", which does not run"));
        }
        if (other->state() != UnitState::running) {
            return concat("waits for ", quote(id));
        }
    }
    for (const std::string& id : unit.policy().after) {
        const Unit* const other = try_find(id);
        if (other != nullptr && other->is_active() && other->state() != UnitState::running) {
            return concat("waits for ", quote(id));
        }
    }
    return {};
}

bool Supervisor::is_still_needed(const Unit& unit) const {
    const auto names = [&](const std::vector<std::string>& ids) {
        return std::find(ids.begin(), ids.end(), unit.id()) != ids.end();
    };
    return std::any_of(units_.begin(), units_.end(), [&](const auto& entry) {
        const Unit& other = *entry.second;
        const Policy& policy = other.policy();
        return other.is_active() && (names(policy.after) || names(policy.required));
    });
}

Unit* Supervisor::try_find(const std::string& id) const {
    const auto found = units_.find(id);
    return found == units_.end() ? nullptr : found->second.get();
}

Unit& Supervisor::find(const std::string& id) const {
    Unit* const unit = try_find(id);
    if (unit == nullptr) {
        throw Error("container does not exist", ENOENT);
    }
    return *unit;
}

// --- What it serves ----------------------------------------------------------------------------

async::Task<> Supervisor::follow_bundles(Supervisor* self) {
    while (true) {
        co_await self->source_.changed();
        self->attempt([&] { self->scan(); });
    }
}

async::Task<> Supervisor::measure_lag(Supervisor* self) {
    while (true) {
        const async::Clock::time_point due = async::Clock::now() + kLagInterval;
        co_await async::sleep_until(due);
        const std::chrono::duration<double> late = async::Clock::now() - due;
        self->loop_lag_.observe(late.count());
    }
}

async::Task<> Supervisor::tell_readiness(Supervisor* self) {
    const auto is_under_way = [](const auto& entry) { return !is_settled(entry.second->state()); };
    while (std::any_of(self->units_.begin(), self->units_.end(), is_under_way)) {
        co_await self->surroundings_.changed.changed();
    }
    self->service_.ready(concat(self->units_.size(), " containers"));
}

async::Task<> Supervisor::wind_up_unit(Supervisor* self, Unit* unit) {
    while (self->is_still_needed(*unit)) {
        co_await self->surroundings_.changed.changed();
    }
    unit->end_run();
}

void Supervisor::wind_up() {
    if (std::exchange(winding_up_, true)) {
        for (const auto& [id, unit] : units_) {
            unit->hasten();
        }
        return;
    }
    service_.stopping();
    for (const auto& [id, unit] : units_) {
        unit->wind_up();
    }
    for (const auto& [id, unit] : units_) {
        group_->spawn(wind_up_unit(this, unit.get()));
    }
}

void Supervisor::reopen_logs() {
    for (const auto& [id, unit] : units_) {
        unit->reopen_log();
    }
}

async::Task<> Supervisor::obey_signals(Supervisor* self) {
    while (true) {
        const signalfd_siginfo signal = co_await self->signals_.next();
        try {
            switch (signal.ssi_signo) {
                case SIGHUP:
                    co_await self->reload();
                    break;
                case SIGUSR2:
                    co_await self->upgrade();
                    break;
                case SIGCHLD:
                    break;  // the keeper, or what it left: who waits for them has their pidfd
                default:
                    self->wind_up();
            }
        } catch (const Error& error) {
            self->surroundings_.engine.log().error(error.what());
        }
    }
}

/// Once a unit has ended for good there is nothing more to wait for but the others.
async::Task<> Supervisor::end_when_all_have(Supervisor* self) {
    const auto is_running = [](const auto& entry) { return entry.second->is_active(); };
    while (!self->winding_up_ || std::any_of(self->units_.begin(), self->units_.end(), is_running)
    ) {
        co_await self->surroundings_.changed.changed();
    }
    self->group_->cancel();
}

async::Task<> Supervisor::serve(async::Group& group, Supervisor* self) {
    self->group_ = &group;
    co_await self->find_keeper();
    co_await self->find_stage();
    group.spawn(follow_keeper(self));
    self->scan();
    self->add_orphans();
    group.spawn(obey_signals(self));
    group.spawn(follow_bundles(self));
    group.spawn(self->server_->serve());
    if (self->inherited_.metrics) {
        group.spawn(
            serve_metrics(*self, self->inherited_.metrics, cgroup_mount(self->surroundings_.engine))
        );
    }
    group.spawn(measure_lag(self));
    group.spawn(self->service_.deliver());
    group.spawn(self->service_.feed_watchdog());
    group.spawn(tell_readiness(self));
    co_await end_when_all_have(self);
}

async::Task<SupervisorEnd> Supervisor::run() {
    const std::string& root = surroundings_.engine.options().root;
    if (!inherited_.control.listener) {
        inherited_.control.listener = listen_control(root);
    }
    if (!inherited_.metrics && !options_.metrics_address.empty()) {
        inherited_.metrics = listen_metrics(options_.metrics_address);
    }
    server_ = std::make_unique<ControlServer>(*this, std::move(inherited_.control));
    co_await async::with_group(serve, this);
    group_ = nullptr;
    if (end_ == SupervisorEnd::shut_down) {
        surroundings_.keeper->drop(std::string(kStageName));  // the last: it ends
    }
    co_return end_;
}

// --- Control -----------------------------------------------------------------------------------

SupervisorStatus Supervisor::supervisor() const {
    return {
        .version = options_.version,
        .pid = ::getpid(),
        .started_at = inherited_.started_at,
        .upgrades = inherited_.upgrades,
        .start_latency = surroundings_.start_latency,
        .loop_lag = loop_lag_,
    };
}

std::vector<UnitStatus> Supervisor::list() const {
    std::vector<UnitStatus> all;
    all.reserve(units_.size());
    for (const auto& [id, unit] : units_) {
        all.push_back(unit->status());
    }
    return all;
}

UnitStatus Supervisor::status(std::string id) const {
    return find(id).status();
}

async::Task<> Supervisor::start(std::string id) {
    find(id).wish_start();
    co_await find(id).settled();
}

async::Task<> Supervisor::stop(std::string id) {
    find(id).wish_stop();
    co_await find(id).settled();
}

async::Task<> Supervisor::restart(std::string id) {
    find(id).wish_restart();
    co_await find(id).settled();
}

async::Task<ExitRecord> Supervisor::wait(std::string id) {
    return find(id).next_exit();
}

async::Task<> Supervisor::reload() {
    service_.reloading();
    // Also when it fails: what was read before holds still.
    const ScopeExit ready([&] { service_.ready(concat(units_.size(), " containers")); });
    scan();
    reopen_logs();
    co_return;
}

/// After a reply to who asked: a task of its own does it.
async::Task<> Supervisor::upgrade() {
    if (winding_up_) {
        throw Error("the supervisor is about to end");
    }
    co_await async::in_context("upgrade", check_program(options_.program));
    service_.reloading();
    group_->spawn(hand_over(this));
}

async::Task<> Supervisor::hand_over(Supervisor* self) {
    co_await async::yield();
    self->inherited_.control = co_await self->server_->release();
    self->inherited_.last_event = self->events_.sequence();
    self->end_ = SupervisorEnd::upgrade;
    self->group_->cancel();
}

std::unique_ptr<EventFollower> Supervisor::follow_events() {
    return events_.follow();
}

Attachment Supervisor::attach(std::string id) {
    return find(id).attach();
}

void Supervisor::resize_terminal(std::string id, unsigned rows, unsigned columns) {
    find(id).resize_terminal(rows, columns);
}

}  // namespace corun::supervise
