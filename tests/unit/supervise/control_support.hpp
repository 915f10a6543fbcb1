// A made-up supervisor for the tests of the control socket, its clients and the metrics.
#pragma once

#include "corun/async/condition.hpp"
#include "corun/base/error.hpp"
#include "corun/base/scope.hpp"
#include "corun/supervise/control.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace corun::supervise::testing {

/// A directory of its own, gone at the end with what is in it.
class ScratchDirectory {
public:
    ScratchDirectory() {
        char name[] = "/tmp/corun-test-XXXXXX";
        path = ::mkdtemp(name);
    }

    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    ScratchDirectory(ScratchDirectory&&) = delete;
    ScratchDirectory& operator=(ScratchDirectory&&) = delete;

    ~ScratchDirectory() { (void)std::system(("rm -rf " + path).c_str()); }

    std::string path;
};

/// Its containers are those in `units`; calls wait until the test says go on.
class MadeUpControl final : public Control {
public:
    MadeUpControl() { (void)std::signal(SIGPIPE, SIG_IGN); }

    std::vector<UnitStatus> units;
    std::deque<Event> events;          // the last ones: who is behind misses those before
    std::size_t most_events = 16;      // kept for who is behind
    async::Condition changed;          // said upon each change of the below
    std::size_t waiting = 0;           // in wait() now
    std::size_t following = 0;         // followers of events
    bool ended = false;                // what wait() waits for
    std::vector<std::string> actions;  // "start web"
    std::uint64_t upgrades = 0;
    std::string refusal;  // what start(), stop() and restart() throw, if anything
    std::function<Attachment()> make_attachment;

    void add(std::string id, UnitState state = UnitState::running) {
        UnitStatus unit;
        unit.id = std::move(id);
        unit.bundle = "/bundles/" + unit.id;
        unit.state = state;
        units.push_back(std::move(unit));
    }

    void tell(std::string detail) {
        Event event{.sequence = ++told_, .time = "2026-11-26T00:00:00Z", .id = "web"};
        event.detail = std::move(detail);
        events.push_back(std::move(event));
        if (events.size() > most_events) {
            events.pop_front();
        }
        changed.notify_all();
    }

    [[nodiscard]] SupervisorStatus supervisor() const override {
        return {
            .version = "1.2",
            .pid = 7,
            .started_at = "2026-11-26T00:00:00Z",
            .upgrades = upgrades,
        };
    }

    [[nodiscard]] std::vector<UnitStatus> list() const override { return units; }

    [[nodiscard]] UnitStatus status(std::string id) const override {
        for (const UnitStatus& unit : units) {
            if (unit.id == id) {
                return unit;
            }
        }
        throw Error("container does not exist", ENOENT);
    }

    [[nodiscard]] async::Task<> start(std::string id) override { return act("start", id); }

    [[nodiscard]] async::Task<> stop(std::string id) override { return act("stop", id); }

    [[nodiscard]] async::Task<> restart(std::string id) override { return act("restart", id); }

    [[nodiscard]] async::Task<ExitRecord> wait(std::string id) override {
        (void)status(id);
        ++waiting;
        const ScopeExit left([this] { --waiting; });
        changed.notify_all();
        while (!ended) {
            co_await changed.changed();
        }
        ExitRecord record{.time = "2026-11-26T00:00:01Z", .status = 3};
        co_return record;
    }

    [[nodiscard]] async::Task<> reload() override { return act("reload", ""); }

    [[nodiscard]] async::Task<> upgrade() override { return act("upgrade", ""); }

    [[nodiscard]] std::unique_ptr<EventFollower> follow_events() override {
        return std::make_unique<Follower>(*this);
    }

    [[nodiscard]] Attachment attach(std::string id) override {
        (void)status(std::move(id));
        return make_attachment();
    }

    void resize_terminal(std::string id, unsigned rows, unsigned columns) override {
        actions.push_back(
            "resize " + id + " " + std::to_string(rows) + "x" + std::to_string(columns)
        );
    }

private:
    class Follower final : public EventFollower {
    public:
        explicit Follower(MadeUpControl& control) : control_(control), next_(control.told_ + 1) {
            ++control.following;
            control.changed.notify_all();
        }

        Follower(const Follower&) = delete;
        Follower& operator=(const Follower&) = delete;
        Follower(Follower&&) = delete;
        Follower& operator=(Follower&&) = delete;

        ~Follower() override { --control_.following; }

        [[nodiscard]] async::Task<Event> next() override {
            while (control_.told_ < next_) {
                co_await control_.changed.changed();
            }
            for (const Event& event : control_.events) {
                if (event.sequence >= next_) {
                    next_ = event.sequence + 1;
                    co_return event;
                }
            }
            throw Error("no event is kept");
        }

    private:
        MadeUpControl& control_;
        std::uint64_t next_;
    };

    async::Task<> act(std::string what, std::string id) {
        if (!refusal.empty()) {
            throw Error(refusal);
        }
        actions.push_back(id.empty() ? what : what + " " + id);
        co_return;
    }

    std::uint64_t told_ = 0;
};

}  // namespace corun::supervise::testing
