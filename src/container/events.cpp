// Statistics and out-of-memory kills of a container. Parent side.
#include "corun/container/events.hpp"

#include "corun/async/group.hpp"
#include "corun/async/ready.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/status.hpp"
#include "corun/sys/watched_file.hpp"

#include <utility>

namespace corun::container {

namespace {

Cgroup cgroup_of_living(Engine& engine, const ContainerId& id) {
    const ContainerDirectory directory = engine.store().open(id);
    const Record record = directory.load_existing();
    const Status status = status_of(engine, directory, record);
    if (status != Status::created && status != Status::running && status != Status::paused) {
        throw Error(concat("container not running: it is ", oci::status_name(status)));
    }
    std::optional<Cgroup> cgroup = try_open_cgroup(engine, record);
    if (!cgroup) {
        throw Error("the container has no cgroup that counts what it uses");
    }
    return *std::move(cgroup);
}

/// What there is to tell of one cgroup until it is empty.
class EventStream : NonCopyable {
public:
    EventStream(Cgroup cgroup, EventsRequest request)
        : cgroup_(std::move(cgroup)),
          request_(std::move(request)),
          memory_events_(sys::WatchedFile::try_open(cgroup_.directory(), "memory.events")),
          told_kills_(kills()) {}

    async::Task<> tell_stats() {
        while (true) {
            co_await async::sleep_for(request_.interval);
            std::optional<CgroupStats> stats = try_read_stats(cgroup_.directory());
            if (stats) {
                request_.tell({.stats = std::move(stats)});
            }
        }
    }

    async::Task<> tell_kills() {
        while (memory_events_) {  // the cgroup has the controller
            co_await async::readable(memory_events_->changed());
            if (!memory_events_->read()) {
                co_return;
            }
            tell_new_kills();
        }
    }

    async::Task<> until_empty() {
        std::optional<sys::WatchedFile> file =
            sys::WatchedFile::try_open(cgroup_.directory(), "cgroup.events");
        while (file) {
            const std::optional<std::string> text = file->read();
            if (!text || text->find("populated 0") != std::string::npos) {
                break;
            }
            co_await async::readable(file->changed());
        }
        // The kernel tells of changes with a delay; the last kill may be what emptied the cgroup.
        tell_new_kills();
    }

private:
    [[nodiscard]] std::uint64_t kills() const {
        const std::optional<std::string> text =
            memory_events_ ? memory_events_->read() : std::nullopt;
        return count_of(parse_counters(text.value_or("")), "oom_kill");
    }

    void tell_new_kills() {
        const std::uint64_t now = kills();
        if (now > told_kills_) {
            told_kills_ = now;
            request_.tell({});
        }
    }

    Cgroup cgroup_;
    EventsRequest request_;
    std::optional<sys::WatchedFile> memory_events_;
    std::uint64_t told_kills_;
};

async::Task<> follow(async::Group& group, EventStream* stream) {
    group.spawn(stream->tell_stats());
    group.spawn(stream->tell_kills());
    co_await stream->until_empty();
    group.cancel();
}

}  // namespace

async::Task<> events(Engine& engine, EventsRequest request) {
    Cgroup cgroup = cgroup_of_living(engine, request.id);
    EventStream stream(std::move(cgroup), std::move(request));
    co_await async::with_group(follow, &stream);
}

async::Task<CgroupStats> stats(Engine& engine, StatsRequest request) {
    const Cgroup cgroup = cgroup_of_living(engine, request.id);
    std::optional<CgroupStats> stats = try_read_stats(cgroup.directory());
    if (!stats) {
        throw Error("container not running");
    }
    co_return *std::move(stats);
}

}  // namespace corun::container
