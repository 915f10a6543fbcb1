// Events and who follows them. Runs in the supervisor; nothing here waits but the followers.
#include "corun/supervise/event_log.hpp"

#include "corun/base/timestamp.hpp"

#include <chrono>
#include <utility>

namespace corun::supervise {

void EventLog::tell(EventKind kind, std::string id, std::string detail) {
    const Event event{
        .sequence = ++sequence_,
        .time = rfc3339_nano(std::chrono::system_clock::now()),
        .kind = kind,
        .id = std::move(id),
        .detail = std::move(detail),
    };
    if (sink_) {
        sink_(event);
    }
    followers_.for_each([&](Follower& follower) { follower.take(event); });
}

std::unique_ptr<EventFollower> EventLog::follow() {
    auto follower = std::make_unique<Follower>();
    followers_.push_back(*follower);
    return follower;
}

void EventLog::Follower::take(const Event& event) {
    if (events_.size() == kMaxBehind) {
        events_.pop_front();
    }
    events_.push_back(event);
    more_.notify_all();
}

async::Task<Event> EventLog::Follower::next() {
    while (events_.empty()) {
        co_await more_.changed();
    }
    Event event = std::move(events_.front());
    events_.pop_front();
    co_return event;
}

}  // namespace corun::supervise
