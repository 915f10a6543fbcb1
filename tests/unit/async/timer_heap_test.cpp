#include "corun/async/timer_heap.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

namespace corun::async {
namespace {

class Recorder final : public TimerEntry {
public:
    Recorder(int name, std::vector<int>& record) : name_(name), record_(record) {}

    void expire() noexcept override { record_.push_back(name_); }

private:
    int name_;
    std::vector<int>& record_;
};

Clock::time_point at(int seconds) {
    return Clock::time_point(std::chrono::seconds(seconds));
}

}  // namespace

TEST_CASE("timer heap: entries expire in the order of their times") {
    std::vector<int> record;
    std::deque<Recorder> entries;
    std::vector<int> times(1000);
    for (int i = 0; i < 1000; ++i) {
        times[static_cast<std::size_t>(i)] = i;
        entries.emplace_back(i, record);
    }
    std::shuffle(times.begin(), times.end(), std::mt19937(7));
    TimerHeap heap;
    for (const int time : times) {
        heap.insert(at(time), entries[static_cast<std::size_t>(time)]);
    }

    heap.expire_until(at(499));

    CHECK(record.size() == 500);
    CHECK(std::is_sorted(record.begin(), record.end()));
    CHECK(heap.next() == at(500));
    heap.expire_until(at(2000));
    CHECK(record.size() == 1000);
    CHECK(std::is_sorted(record.begin(), record.end()));
    CHECK(heap.empty());
}

TEST_CASE("timer heap: removed entries never expire and the others keep their order") {
    std::vector<int> record;
    std::deque<Recorder> entries;
    std::mt19937 random(11);
    TimerHeap heap;
    for (int i = 0; i < 1000; ++i) {
        const int time = static_cast<int>(random() % 500);
        entries.emplace_back(time, record);
        heap.insert(at(time), entries.back());
    }

    for (std::size_t i = 0; i < entries.size(); i += 2) {
        heap.remove(entries[i]);
    }
    heap.remove(entries[0]);  // not in any more: no effect
    heap.expire_until(at(500));

    CHECK(record.size() == 500);
    CHECK(std::is_sorted(record.begin(), record.end()));
}

}  // namespace corun::async
