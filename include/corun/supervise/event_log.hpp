// What happens to the containers, told to all who follow. Nothing is kept for later: the logs and
// the units' files do that.
#pragma once

#include "corun/async/condition.hpp"
#include "corun/async/list.hpp"
#include "corun/base/scope.hpp"
#include "corun/supervise/control.hpp"
#include "corun/supervise/model.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace corun::supervise {

/// Must outlive its followers.
class EventLog : NonCopyable {
public:
    /// How many events a follower may be behind; then it misses the oldest.
    static constexpr std::size_t kMaxBehind = 1024;

    /// Is told each event first; may be empty.
    using Sink = std::function<void(const Event&)>;

    explicit EventLog(std::uint64_t sequence = 0, Sink sink = {})
        : sequence_(sequence), sink_(std::move(sink)) {}

    void tell(EventKind kind, std::string id, std::string detail = {});

    /// Of the last event; those after an upgrade go on from it.
    [[nodiscard]] std::uint64_t sequence() const { return sequence_; }

    [[nodiscard]] std::unique_ptr<EventFollower> follow();

private:
    class Follower final : public EventFollower, public async::Link<EventLog> {
    public:
        Follower() = default;
        Follower(const Follower&) = delete;
        Follower& operator=(const Follower&) = delete;
        Follower(Follower&&) = delete;
        Follower& operator=(Follower&&) = delete;

        ~Follower() override { unlink(); }

        async::Task<Event> next() override;

        void take(const Event& event);

    private:
        std::deque<Event> events_;
        async::Condition more_;
    };

    std::uint64_t sequence_;
    Sink sink_;
    async::List<Follower, EventLog> followers_;
};

}  // namespace corun::supervise
