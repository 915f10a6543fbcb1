// The four-way heap. Pure data structure: reads no clock.
#include "corun/async/timer_heap.hpp"

#include <algorithm>
#include <cassert>

namespace corun::async {

namespace {

constexpr std::size_t kArity = 4;

}  // namespace

void TimerHeap::put(std::size_t place, const Node& node) noexcept {
    nodes_[place] = node;
    node.entry->set_place(static_cast<std::uint32_t>(place));
}

void TimerHeap::sift_up(std::size_t place, const Node& node) noexcept {
    while (place > 0) {
        const std::size_t parent = (place - 1) / kArity;
        if (nodes_[parent].when <= node.when) {
            break;
        }
        put(place, nodes_[parent]);
        place = parent;
    }
    put(place, node);
}

void TimerHeap::sift_down(std::size_t place, const Node& node) noexcept {
    for (;;) {
        const std::size_t first = place * kArity + 1;
        if (first >= nodes_.size()) {
            break;
        }
        const std::size_t end = std::min(first + kArity, nodes_.size());
        std::size_t earliest = first;
        for (std::size_t child = first + 1; child < end; ++child) {
            if (nodes_[child].when < nodes_[earliest].when) {
                earliest = child;
            }
        }
        if (node.when <= nodes_[earliest].when) {
            break;
        }
        put(place, nodes_[earliest]);
        place = earliest;
    }
    put(place, node);
}

void TimerHeap::insert(Clock::time_point when, TimerEntry& entry) {
    assert(entry.place() == TimerEntry::kNowhere);
    const Node node = {.when = when, .entry = &entry};
    nodes_.push_back(node);
    sift_up(nodes_.size() - 1, node);
}

void TimerHeap::remove(TimerEntry& entry) noexcept {
    if (entry.place() == TimerEntry::kNowhere) {
        return;
    }
    const std::size_t place = entry.place();
    entry.set_place(TimerEntry::kNowhere);
    const Node last = nodes_.back();
    nodes_.pop_back();
    if (place == nodes_.size()) {
        return;  // it was the last itself
    }
    if (place > 0 && last.when < nodes_[(place - 1) / kArity].when) {
        sift_up(place, last);
    } else {
        sift_down(place, last);
    }
}

void TimerHeap::expire_until(Clock::time_point now) noexcept {
    while (!nodes_.empty() && nodes_.front().when <= now) {
        TimerEntry& entry = *nodes_.front().entry;
        remove(entry);
        entry.expire();
    }
}

}  // namespace corun::async
