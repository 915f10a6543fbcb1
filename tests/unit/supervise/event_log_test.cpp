#include "corun/supervise/event_log.hpp"

#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace corun;
using namespace corun::supervise;

namespace {

async::Task<> take_one(EventFollower* follower, std::vector<Event>* seen) {
    seen->push_back(co_await follower->next());
}

std::vector<Event> take(EventFollower& follower, std::size_t count) {
    async::Loop loop;
    std::vector<Event> seen;
    for (std::size_t i = 0; i < count; ++i) {
        loop.run(take_one(&follower, &seen));
    }
    return seen;
}

async::Task<> tell_and_take(
    async::Group& group, EventLog* log, EventFollower* follower, std::vector<Event>* seen
) {
    group.spawn(take_one(follower, seen));
    log->tell(EventKind::exited, "web", "exit status 1");
    co_return;
}

}  // namespace

TEST_CASE("event log: a follower gets what happens after it came, numbered") {
    EventLog log(41);
    log.tell(EventKind::starting, "web");
    const std::unique_ptr<EventFollower> follower = log.follow();

    log.tell(EventKind::started, "web", "pid 7");
    log.tell(EventKind::exited, "web", "exit status 1");

    const std::vector<Event> seen = take(*follower, 2);
    CHECK(seen[0].sequence == 43);
    CHECK(seen[0].kind == EventKind::started);
    CHECK(seen[0].detail == "pid 7");
    CHECK(seen[1].sequence == 44);
    CHECK(log.sequence() == 44);
}

TEST_CASE("event log: a follower that waits is woken") {
    EventLog log;
    const std::unique_ptr<EventFollower> follower = log.follow();
    std::vector<Event> seen;
    async::Loop loop;

    loop.run(async::with_group(tell_and_take, &log, follower.get(), &seen));

    REQUIRE(seen.size() == 1);
    CHECK(seen[0].id == "web");
}

TEST_CASE("event log: one that is too slow misses the oldest, and can tell by the gap") {
    EventLog log;
    const std::unique_ptr<EventFollower> follower = log.follow();
    for (std::size_t i = 0; i < EventLog::kMaxBehind + 3; ++i) {
        log.tell(EventKind::health, "web");
    }

    const std::vector<Event> seen = take(*follower, 1);

    CHECK(seen[0].sequence == 4);
}

TEST_CASE("event log: the sink sees each event, and one that has left sees none") {
    std::vector<std::string> told;
    EventLog log(0, [&](const Event& event) { told.push_back(event.id); });
    std::unique_ptr<EventFollower> follower = log.follow();
    follower.reset();

    log.tell(EventKind::added, "a");
    log.tell(EventKind::added, "b");

    CHECK(told == std::vector<std::string>{"a", "b"});
}
