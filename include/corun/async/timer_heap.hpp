// The loop's timers: a heap of four children per node, which keeps a million sleepers close
// together in memory; each entry knows its place, so that it can leave in O(log n).
#pragma once

#include "corun/base/scope.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace corun::async {

using Clock = std::chrono::steady_clock;

/// Something that happens at a time.
class TimerEntry : NonCopyable {
public:
    /// Called once, when the time has come and the entry has left the heap.
    virtual void expire() noexcept = 0;

    static constexpr std::uint32_t kNowhere = UINT32_MAX;

    /// Its index in the heap; the heap's to keep.
    [[nodiscard]] std::uint32_t place() const { return place_; }

    void set_place(std::uint32_t place) { place_ = place; }

protected:
    TimerEntry() = default;
    ~TimerEntry() = default;

private:
    std::uint32_t place_ = kNowhere;
};

/// Entries ordered by time. Owns none of them.
class TimerHeap : NonCopyable {
public:
    [[nodiscard]] bool empty() const { return nodes_.empty(); }

    /// The earliest time; only if not empty.
    [[nodiscard]] Clock::time_point next() const { return nodes_.front().when; }

    void insert(Clock::time_point when, TimerEntry& entry);

    /// Takes an entry out; no effect if it is not in.
    void remove(TimerEntry& entry) noexcept;

    /// Takes out all entries up to `now`, earliest first, and expires each.
    void expire_until(Clock::time_point now) noexcept;

private:
    struct Node {
        Clock::time_point when;
        TimerEntry* entry = nullptr;
    };

    void put(std::size_t place, const Node& node) noexcept;
    void sift_up(std::size_t place, const Node& node) noexcept;
    void sift_down(std::size_t place, const Node& node) noexcept;

    std::vector<Node> nodes_;
};

}  // namespace corun::async
