// One run of a container. Runs in the supervisor: coroutines of its loop, one group for each run.
// Whatever happens to the supervisor meanwhile, the unit's file and the keeper have what adopt()
// needs: each is written before the step that it tells of.
#include "corun/supervise/unit_run.hpp"

#include "corun/async/cancel.hpp"
#include "corun/async/child_exit.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/base/timestamp.hpp"
#include "corun/container/cgroup.hpp"
#include "corun/container/cgroup_stats.hpp"
#include "corun/container/remove.hpp"
#include "corun/container/status.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/splice.hpp"
#include "corun/sys/watched_file.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <utility>
#include <vector>

namespace corun::supervise {

namespace {

using std::chrono::milliseconds;

/// Between two looks at a container that another command has locked.
constexpr milliseconds kLockInterval{5};
constexpr milliseconds kPauseAfterError{1000};

/// For the keeper to become the parent of a process that has ended.
constexpr std::chrono::seconds kStatusPatience{10};

/// More than a terminal holds: who floods it after the container's end is not listened to for ever.
constexpr unsigned kMostRoundsAtEnd = 64;

std::string readiness_name(std::string_view id) {
    return concat("readiness:", id);
}

/// The container's directory as it is once nobody else makes, starts or deletes it; nothing if
/// there is none then.
async::Task<std::optional<container::ContainerDirectory>> settled_directory(
    container::Engine* engine, container::ContainerId id
) {
    std::optional<container::ContainerDirectory> directory = engine->store().try_open(id);
    while (directory && directory->is_busy()) {
        co_await async::sleep_for(kLockInterval);
    }
    if (directory && directory->is_gone()) {
        directory.reset();
    }
    co_return directory;
}

/// Kills of the container's cgroup for want of memory, so far.
std::uint64_t count_oom_kills(const std::string& memory_events) {
    return container::count_of(container::parse_counters(memory_events), "oom_kill");
}

}  // namespace

UnitRun::UnitRun(RunContext context)
    : context_(std::move(context)), health_(context_.policy->health) {}

/// Where that fails a successor will know less: no reason to give up a container.
void UnitRun::save() const {
    try {
        context_.surroundings->files.save(*context_.facts);
    } catch (const Error& error) {
        context_.surroundings->engine.log().error(
            concat(quote(context_.facts->id), ": ", error.what())
        );
    }
}

// --- The start ---------------------------------------------------------------------------------

/// With a terminal the worker makes its master known instead; the keeper has them first.
void UnitRun::open_streams(bool has_terminal, std::vector<sys::UniqueFd>& for_container) {
    const KeeperClient& keeper = *context_.surroundings->keeper;
    const std::string& id = context_.facts->id;
    if (!has_terminal) {
        sys::Pipe out = sys::make_pipe();
        sys::Pipe error = sys::make_pipe();
        keeper.keep(output_name(id), std::array{out.read_end.ref(), error.read_end.ref()});
        context_.log->add_stream(std::move(out.read_end), LogStream::out);
        context_.log->add_stream(std::move(error.read_end), LogStream::error);
        for_container.push_back(std::move(out.write_end));
        for_container.push_back(std::move(error.write_end));
    }
    if (context_.policy->readiness == Readiness::fd) {
        sys::Pipe pipe = sys::make_pipe();
        keeper.keep(readiness_name(id), std::array{pipe.read_end.ref()});
        readiness_ = std::move(pipe.read_end);
        if (has_terminal) {  // their places come first
            for_container.push_back(sys::open("/dev/null", O_WRONLY));
            for_container.push_back(sys::open("/dev/null", O_WRONLY));
        }
        for_container.push_back(std::move(pipe.write_end));
    }
}

/// What a start that was interrupted has left. A container that lives, or of another bundle, is
/// somebody else's.
async::Task<> UnitRun::clear_leftovers() {
    container::Engine& engine = context_.surroundings->engine;
    std::optional<container::Record> record;
    {
        const std::optional<container::ContainerDirectory> directory =
            co_await settled_directory(&engine, container::ContainerId(context_.facts->id));
        if (!directory) {
            co_return;
        }
        record = directory->load();
    }
    if (record && sys::try_open_process(record->init)) {
        throw Error("a container of that id runs already, not for this supervisor", EEXIST);
    }
    if (record && record->bundle != context_.facts->bundle) {
        throw Error(
            concat("a container of that id exists, of bundle ", quote(record->bundle)), EEXIST
        );
    }
    co_await remove_container();
}

void UnitRun::note_process(const sys::ProcessIdentity& identity) {
    UnitFacts& facts = *context_.facts;
    facts.process = identity;
    facts.starting = false;
    facts.started_at = rfc3339_nano(std::chrono::system_clock::now());
    facts.started_ms = boot_time_ms();
    facts.ready = false;
    ++facts.starts;
}

KeeperRequest UnitRun::order() const {
    const Surroundings& surroundings = *context_.surroundings;
    const Policy& policy = *context_.policy;
    KeeperRequest request;
    request.verb = KeeperVerb::work;
    request.work = {
        .kind = WorkKind::run,
        .engine = surroundings.engine.options(),
        .id = context_.facts->id,
        .bundle = context_.facts->bundle,
        .open_files_limit = surroundings.open_files_limit,
        .shows_notify_socket = policy.readiness == Readiness::notify,
        .readiness_fd = policy.readiness == Readiness::fd ? policy.readiness_fd : -1,
    };
    return request;
}

async::Task<> UnitRun::start(bool has_terminal) {
    Surroundings& surroundings = *context_.surroundings;
    UnitFacts& facts = *context_.facts;
    co_await clear_leftovers();
    const async::Clock::time_point begin = async::Clock::now();
    std::vector<sys::UniqueFd> fds;
    open_streams(has_terminal, fds);
    facts.starting = true;
    facts.process = {};
    facts.restart_due_ms.reset();
    surroundings.files.save(facts);  // before the order, or there is none
    std::vector<sys::FdRef> refs(fds.begin(), fds.end());
    async::Task<KeeperAnswer> order_and_wait =
        surroundings.keeper->exchange(order(), std::move(refs));
    KeeperAnswer answer = co_await std::move(order_and_wait);
    facts.starting = answer.reply.error.empty();
    answer.reply.throw_if_failed();
    for (const std::string& warning : answer.reply.warnings) {
        surroundings.engine.log().warning(concat(quote(facts.id), ": ", warning));
    }
    process_ = sys::Pidfd(answer.reply.process.pid, std::move(answer.fds.at(0)));
    note_process(answer.reply.process);
    save();
    const std::chrono::duration<double> took = async::Clock::now() - begin;
    surroundings.start_latency.observe(took.count());
    surroundings.events.tell(EventKind::started, facts.id, concat("pid ", facts.process.pid));
    lacks_output_ = has_terminal;
}

// --- What the keeper has -----------------------------------------------------------------------

async::Task<std::vector<sys::UniqueFd>> UnitRun::take(std::string name) const {
    KeeperRequest request;
    request.verb = KeeperVerb::take;
    request.name = std::move(name);
    KeeperAnswer answer = co_await context_.surroundings->keeper->ask(std::move(request));
    co_return std::move(answer.fds);
}

/// Two pipes; or a terminal's master, alone as the worker has it, or with the pipe behind it.
async::Task<> UnitRun::take_output() {
    std::vector<sys::UniqueFd> fds = co_await take(output_name(context_.facts->id));
    if (fds.size() == 2) {
        context_.log->add_stream(std::move(fds[0]), LogStream::out);
        context_.log->add_stream(std::move(fds[1]), LogStream::error);
    } else if (!fds.empty()) {
        console_ = std::move(fds[0]);
        sys::set_non_blocking(console_);
        sys::Pipe pipe;
        if (fds.size() == 3) {
            pipe = {.read_end = std::move(fds[1]), .write_end = std::move(fds[2])};
        } else {
            pipe = sys::make_pipe();
        }
        console_pipe_ = std::move(pipe.write_end);
        context_.log->add_stream(std::move(pipe.read_end), LogStream::out);
        context_.surroundings->keeper->keep(output_name(context_.facts->id), output_fds());
    }
}

std::vector<sys::FdRef> UnitRun::output_fds() const {
    std::vector<sys::FdRef> fds = context_.log->streams();
    if (console_) {
        fds.insert(fds.begin(), console_.ref());
        fds.push_back(console_pipe_.ref());
    }
    return fds;
}

/// A terminal cannot be looked at without taking what it has, which LogStage must: so it goes
/// through a pipe, by splice(2), which leaves no moment at which a byte is in neither.
async::Task<> UnitRun::relay_console(UnitRun* self) {
    while (true) {
        const bool is_readable = co_await async::readable_or_cancelled(self->console_);
        if (!is_readable) {
            co_return;
        }
        const sys::Transferred moved =
            sys::try_splice(self->console_, self->console_pipe_, LogStage::kMaxBatch);
        if (moved.error_number == EAGAIN) {
            co_await async::writable(self->console_pipe_);
        } else if (moved.error_number != 0 || moved.size == 0) {
            co_return;  // EIO: nobody has the terminal open any more
        }
    }
}

async::Task<> UnitRun::take_rest() {
    const std::string& id = context_.facts->id;
    if (context_.policy->readiness == Readiness::notify) {
        std::vector<sys::UniqueFd> fds = co_await take(notify_name(id));
        if (!fds.empty()) {
            notify_ = std::move(fds.front());
            sys::set_non_blocking(notify_);
        }
    }
    if (context_.policy->readiness == Readiness::fd && !readiness_) {
        std::vector<sys::UniqueFd> fds = co_await take(readiness_name(id));
        if (!fds.empty()) {
            readiness_ = std::move(fds.front());
        }
    }
}

void UnitRun::keep_again() const {
    const KeeperClient& keeper = *context_.surroundings->keeper;
    const std::string& id = context_.facts->id;
    const std::vector<sys::FdRef> output = output_fds();
    if (!output.empty()) {
        keeper.keep(output_name(id), output);
    }
    if (notify_) {
        keeper.keep(notify_name(id), std::array{notify_.ref()});
    }
    if (readiness_) {
        keeper.keep(readiness_name(id), std::array{readiness_.ref()});
    }
}

void UnitRun::drop_kept() const {
    const KeeperClient& keeper = *context_.surroundings->keeper;
    const std::string& id = context_.facts->id;
    keeper.drop(output_name(id));
    if (context_.policy->readiness == Readiness::notify) {
        keeper.drop(notify_name(id));
    }
    if (context_.policy->readiness == Readiness::fd) {
        keeper.drop(readiness_name(id));
    }
}

// --- Finding a container again -----------------------------------------------------------------

async::Task<bool> UnitRun::adopt() {
    UnitFacts& facts = *context_.facts;
    container::Engine& engine = context_.surroundings->engine;
    if (!facts.starting && facts.process.pid == 0) {
        co_return false;
    }
    co_await take_output();
    std::optional<container::Record> record;
    {
        const std::optional<container::ContainerDirectory> directory =
            co_await settled_directory(&engine, container::ContainerId(facts.id));
        record = directory ? directory->load() : std::nullopt;
    }
    const bool is_known = facts.process.pid != 0;
    if (!is_known && record && record->phase == container::Phase::created) {
        note_process(record->init);
    }
    if (facts.process.pid == 0) {
        co_return false;  // the start did not come far
    }
    if (std::optional<sys::Pidfd> process = sys::try_open_process(facts.process)) {
        process_ = *std::move(process);
    }
    facts.starting = false;
    save();
    co_return true;
}

/// What a container that has just been started, or found, needs before it is stayed with. Done
/// again if it fails midway.
async::Task<> UnitRun::set_up() {
    if (lacks_output_) {
        co_await take_output();
        lacks_output_ = false;
    }
    co_await take_rest();
    {
        const std::optional<container::ContainerDirectory> directory =
            context_.surroundings->engine.store().try_open(container::ContainerId(context_.facts->id
            ));
        const std::optional<container::Record> record =
            directory ? directory->load() : std::nullopt;
        cgroup_path_ = record ? record->cgroup_path : std::string();
    }
    start_deadline_ = async::Clock::now() + context_.policy->start_timeout;
    if (context_.policy->readiness == Readiness::started) {
        become_ready();
    }
    is_set_up_ = true;
}

// --- While it runs -----------------------------------------------------------------------------

void UnitRun::become_ready() {
    UnitFacts& facts = *context_.facts;
    if (facts.ready) {
        return;
    }
    facts.ready = true;
    save();
    started_.notify_all();
    context_.surroundings->events.tell(EventKind::ready, facts.id);
    context_.on_news();
}

/// sd_notify(3): what of it concerns us. The rest is passed over, as systemd does.
void UnitRun::hear(std::string_view message) {
    for (const std::string_view line : split(message, '\n')) {
        constexpr std::string_view kStatus = "STATUS=";
        constexpr std::string_view kExtend = "EXTEND_TIMEOUT_USEC=";
        if (line == "READY=1") {
            become_ready();
        } else if (line.starts_with(kStatus)) {
            notify_status_ = line.substr(kStatus.size());
            context_.on_news();
        } else if (line.starts_with(kExtend)) {
            const auto more = parse_number<std::uint32_t>(line.substr(kExtend.size()));
            start_deadline_ = async::Clock::now() + std::chrono::microseconds(more.value_or(0));
            started_.notify_all();
        }
    }
}

async::Task<> UnitRun::hear_notify(UnitRun* self) {
    std::array<char, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): out
    while (true) {
        const bool is_readable = co_await async::readable_or_cancelled(self->notify_);
        if (!is_readable) {
            co_return;
        }
        // read(2) takes no descriptors: those of BARRIER=1 are closed, which answers it.
        const sys::Transferred got = sys::try_read(self->notify_, buffer.data(), buffer.size());
        if (got.error_number == 0) {
            self->hear({buffer.data(), got.size});
        }
    }
}

/// As s6's notification-fd: a newline says that it is ready, an end without one that it never will.
async::Task<> UnitRun::hear_readiness(UnitRun* self) {
    std::array<char, 256> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): out
    while (true) {
        const bool is_readable = co_await async::readable_or_cancelled(self->readiness_);
        if (!is_readable) {
            co_return;
        }
        const std::size_t got = sys::read_some(self->readiness_, buffer.data(), buffer.size());
        if (std::string_view(buffer.data(), got).find('\n') != std::string_view::npos) {
            self->become_ready();
            co_return;
        }
        if (got == 0) {
            co_return;
        }
    }
}

async::Task<> UnitRun::limit_start(UnitRun* self) {
    while (!self->is_ready()) {
        const async::Clock::duration left = self->start_deadline_ - async::Clock::now();
        if (left <= async::Clock::duration::zero()) {
            self->late_ = true;
            self->context_.wishes->changed.notify_all();
            co_return;
        }
        (void)co_await async::changed_within(self->started_, left);
    }
}

async::Task<> UnitRun::watch_memory(UnitRun* self) {
    std::optional<sys::WatchedFile> file;
    if (const std::optional<container::Cgroup> cgroup = self->try_open_cgroup()) {
        file = sys::WatchedFile::try_open(cgroup->directory(), "memory.events");
    }
    while (file) {
        const std::optional<std::string> text = file->read();
        if (!text) {
            co_return;
        }
        self->note_oom_kills(count_oom_kills(*text));
        const bool has_changed = co_await async::readable_or_cancelled(file->changed());
        if (!has_changed) {
            co_return;
        }
    }
}

/// The kill that ended the container may not have been told yet.
void UnitRun::look_for_oom_kills() {
    const std::optional<container::Cgroup> cgroup = try_open_cgroup();
    const std::optional<std::string> text =
        cgroup ? sys::try_read_file(cgroup->directory(), "memory.events") : std::nullopt;
    if (text) {
        note_oom_kills(count_oom_kills(*text));
    }
}

void UnitRun::note_oom_kills(std::uint64_t count) {
    if (count <= oom_kills_) {
        return;
    }
    UnitFacts& facts = *context_.facts;
    facts.oom_kills += count - oom_kills_;
    oom_kills_ = count;
    context_.surroundings->events.tell(
        EventKind::oom, facts.id, concat(count, count == 1 ? " process" : " processes", " killed")
    );
    context_.on_news();
}

/// What goes on beside a container must not end its supervision: it is begun anew, a little later.
async::Task<> UnitRun::keep_up(UnitRun* self, async::Task<> (*activity)(UnitRun*)) {
    while (true) {
        std::string problem;
        try {
            co_await activity(self);
            co_return;
        } catch (const std::exception& error) {
            problem = error.what();
        }
        self->context_.surroundings->engine.log().error(
            concat(quote(self->context_.facts->id), ": ", problem)
        );
        co_await async::sleep_for(kPauseAfterError);
    }
}

async::Task<> UnitRun::log_output(UnitRun* self) {
    return self->context_.log->pump(LogStream::out);
}

async::Task<> UnitRun::log_errors(UnitRun* self) {
    return self->context_.log->pump(LogStream::error);
}

async::Task<> UnitRun::live(async::Group& group, UnitRun* self) {
    group.spawn(keep_up(self, obey));
    group.spawn(keep_up(self, log_output));
    group.spawn(keep_up(self, log_errors));
    group.spawn(keep_up(self, watch_memory));
    if (self->console_) {
        group.spawn(keep_up(self, relay_console));
    }
    if (self->notify_) {
        group.spawn(keep_up(self, hear_notify));
    }
    if (self->readiness_ && !self->is_ready()) {
        group.spawn(keep_up(self, hear_readiness));
    }
    if (!self->is_ready()) {
        group.spawn(keep_up(self, limit_start));
    }
    if (!self->context_.policy->health.command.empty()) {
        group.spawn(keep_up(self, check_health));
    }
    co_await async::end_of(self->process_);
    group.cancel();
}

// --- Health ------------------------------------------------------------------------------------

/// Nothing if it has none, or it is gone.
std::optional<container::Cgroup> UnitRun::try_open_cgroup() const {
    if (cgroup_path_.empty()) {
        return std::nullopt;
    }
    return container::Cgroup::try_open(context_.surroundings->engine.cgroups(), cgroup_path_);
}

/// A paused container is not asked: it cannot answer, and is none the worse for it.
bool UnitRun::is_paused() const {
    const std::optional<container::Cgroup> cgroup = try_open_cgroup();
    return cgroup && cgroup->is_frozen();
}

async::Task<> UnitRun::check_once() {
    const HealthPolicy& policy = context_.policy->health;
    KeeperRequest request;
    request.verb = KeeperVerb::work;
    request.work.kind = WorkKind::check;
    request.work.engine = context_.surroundings->engine.options();
    request.work.id = context_.facts->id;
    request.work.command = policy.command;
    request.work.timeout = policy.timeout;
    request.work.open_files_limit = context_.surroundings->open_files_limit;
    CheckResult result = CheckResult::failed;
    std::string detail;
    try {
        const KeeperAnswer answer = co_await context_.surroundings->keeper->ask(std::move(request));
        const sys::ExitStatus status = answer.reply.status;
        result = status.success() ? CheckResult::passed : CheckResult::failed;
        detail = concat("exit status ", status.shell_code(), ": ", trim(answer.reply.output));
    } catch (const Error& error) {
        result = error.error_number() == ETIMEDOUT ? CheckResult::timed_out : CheckResult::failed;
        detail = error.what();
    }
    note_check(result, detail);
}

void UnitRun::note_check(CheckResult result, const std::string& detail) {
    UnitFacts& facts = *context_.facts;
    if (result != CheckResult::passed) {
        facts.problem = concat("health check: ", detail);
    }
    const HealthOutcome outcome = health_.note(result, async::Clock::now());
    if (outcome.changed) {
        context_.surroundings->events.tell(
            EventKind::health, facts.id, std::string(name_of(health_.health()))
        );
        context_.on_news();
    }
    if (health_.health() == Health::healthy && context_.policy->readiness == Readiness::health) {
        become_ready();
    }
    if (outcome.action != HealthAction::none) {
        unhealthy_ = true;
        wants_stay_stopped_ = outcome.action == HealthAction::stop;
        context_.wishes->changed.notify_all();
    }
}

async::Task<> UnitRun::check_health(UnitRun* self) {
    self->health_.start(async::Clock::now());
    while (true) {
        co_await async::sleep_until(self->health_.next_check());
        if (!self->is_paused()) {
            co_await self->check_once();
        }
    }
}

// --- The end -----------------------------------------------------------------------------------

/// A paused container could not act upon a signal.
void UnitRun::thaw() {
    std::optional<container::Cgroup> cgroup = try_open_cgroup();
    if (cgroup && cgroup->is_frozen()) {
        cgroup->begin_thaw();
    }
}

async::Task<> UnitRun::wait_for_end(milliseconds limit) {
    const async::Clock::time_point begin = async::Clock::now();
    while (!context_.wishes->hasten) {
        const async::Clock::duration left = limit - (async::Clock::now() - begin);
        if (left <= async::Clock::duration::zero()) {
            co_return;
        }
        (void)co_await async::changed_within(context_.wishes->changed, left);
    }
}

/// The container's end cancels this.
async::Task<> UnitRun::stop() {
    stopping_ = true;
    context_.surroundings->events.tell(EventKind::stopping, context_.facts->id);
    context_.on_news();
    thaw();
    (void)process_.send_signal(context_.policy->stop_signal);
    co_await wait_for_end(context_.policy->stop_timeout);
    (void)process_.send_signal(SIGKILL);
}

async::Task<> UnitRun::obey(UnitRun* self) {
    const RunWishes& wishes = *self->context_.wishes;
    while (!wishes.stop && !self->unhealthy_ && !self->late_) {
        co_await self->context_.wishes->changed.changed();
    }
    co_await self->stop();
}

/// The parent knows: this process, if the keeper has died; else the keeper; and if nobody is left
/// who waited for it, the kernel may.
async::Task<> UnitRun::find_status(RunEnd* end) {
    std::optional<sys::ExitStatus> status = process_ ? process_.try_wait_if_child() : std::nullopt;
    if (!status) {
        KeeperRequest request;
        request.verb = KeeperVerb::status;
        request.process = context_.facts->process;
        try {
            const KeeperAnswer answer = co_await async::with_deadline(
                kStatusPatience, context_.surroundings->keeper->ask(std::move(request))
            );
            if (!answer.reply.ended.empty()) {
                status = answer.reply.ended.front().status;
            }
        } catch (const Error&) {  // NOLINT(bugprone-empty-catch): it has died, or cannot know
        }
    }
    if (!status && process_) {
        status = process_.try_recorded_exit();
    }
    if (status) {
        end->status = status->shell_code();
        end->signal = status->signal;
    }
}

/// With all that is left of its processes: only then are its pipes at their end.
async::Task<> UnitRun::remove_container() {
    container::Engine& engine = context_.surroundings->engine;
    container::RemoveRequest request{
        .id = container::ContainerId(context_.facts->id), .force = true};
    try {
        co_await container::remove(engine, std::move(request));
    } catch (const Error& error) {
        engine.log().error(concat(quote(context_.facts->id), ": remove: ", error.what()));
    }
}

void UnitRun::drain_output() {
    context_.log->take_what_is_there();  // room for what is still in the terminal
    for (unsigned i = 0; console_ && i < kMostRoundsAtEnd; ++i) {
        if (sys::try_splice(console_, console_pipe_, LogStage::kMaxBatch).size == 0) {
            break;
        }
        context_.log->take_what_is_there();
    }
    context_.log->drain();
}

void UnitRun::give_up() {
    drain_output();
    drop_kept();
}

async::Task<> UnitRun::finish(RunEnd* end) {
    UnitFacts& facts = *context_.facts;
    co_await find_status(end);
    end->ran = milliseconds(boot_time_ms() - facts.started_ms);
    end->was_unhealthy = unhealthy_;
    end->stays_stopped = wants_stay_stopped_;
    end->missed_start = late_;
    look_for_oom_kills();
    end->oom_kills = oom_kills_;
    co_await remove_container();
    give_up();
}

async::Task<RunEnd> UnitRun::stay() {
    if (!is_set_up_) {
        co_await set_up();
    }
    if (process_) {
        co_await async::with_group(live, this);
    }
    RunEnd end;
    co_await async::shielded(finish(&end));
    co_return end;
}

}  // namespace corun::supervise
