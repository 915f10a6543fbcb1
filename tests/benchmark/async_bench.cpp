// What the coroutine core costs: ns per switch through a channel, and bytes and ns per sleeping
// task. Prints one line per figure; channel_bench.go does the same in Go, for comparison.
// With --check-sleepers it is a test: a million tasks sleep and wake, in at most 300 bytes each.
#include "corun/async/channel.hpp"
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/timer.hpp"
#include "corun/base/text.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

namespace corun::async {
namespace {

constexpr int kMessages = 10'000'000;
constexpr int kSleepers = 1'000'000;
constexpr double kMostBytesPerSleeper = 300;

void print_figure(std::string_view name, double value, std::string_view unit) {
    std::printf(
        "corun %-28.*s %8.1f %.*s\n",
        static_cast<int>(name.size()),
        name.data(),
        value,
        static_cast<int>(unit.size()),
        unit.data()
    );
}

double nanoseconds_each(Clock::duration duration, int count) {
    const auto total = std::chrono::duration_cast<std::chrono::nanoseconds>(duration);
    return static_cast<double>(total.count()) / count;
}

// Resident memory in bytes: second number of /proc/self/statm, in pages.
double resident_bytes() {
    unsigned long total = 0;
    unsigned long resident = 0;
    std::FILE* const file = std::fopen("/proc/self/statm", "re");
    if (file == nullptr || std::fscanf(file, "%lu %lu", &total, &resident) != 2) {
        return 0;
    }
    (void)std::fclose(file);  // read only: nothing to lose
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

Task<> produce(Channel<int>& channel) {
    for (int i = 0; i < kMessages; ++i) {
        co_await channel.send(i);
    }
    channel.close();
}

Task<> consume(Channel<int>& channel, std::int64_t& sum) {
    for (;;) {
        const std::optional<int> value = co_await channel.receive();
        if (!value) {
            co_return;
        }
        sum += *value;
    }
}

Task<> pass_messages(Group& group, Channel<int>& channel, std::int64_t& sum) {
    group.spawn(produce(channel));
    group.spawn(consume(channel, sum));
    co_return;
}

// Each message there and back is two switches from one coroutine to the other.
Task<> serve(Channel<int>& there, Channel<int>& back) {
    for (;;) {
        const std::optional<int> value = co_await there.receive();
        if (!value) {
            co_return;
        }
        co_await back.send(*value);
    }
}

Task<> call(Channel<int>& there, Channel<int>& back) {
    for (int i = 0; i < kMessages / 2; ++i) {
        co_await there.send(i);
        const std::optional<int> answer = co_await back.receive();
        if (answer != i) {
            std::abort();
        }
    }
    there.close();
}

Task<> ping_pong(Group& group, Channel<int>& there, Channel<int>& back) {
    group.spawn(serve(there, back));
    group.spawn(call(there, back));
    co_return;
}

Task<> yield_often(int times) {
    for (int i = 0; i < times; ++i) {
        co_await yield();
    }
}

Task<> yield_by_turns(Group& group) {
    group.spawn(yield_often(kMessages / 2));
    group.spawn(yield_often(kMessages / 2));
    co_return;
}

Task<int> ready_task(int value) {
    co_return value;
}

Task<> await_ready_tasks() {
    std::int64_t sum = 0;
    for (int i = 0; i < kMessages; ++i) {
        sum += co_await ready_task(i);
    }
    if (sum == 0) {
        std::abort();
    }
}

Task<> nap(Clock::time_point until, int& woken) {
    co_await sleep_until(until);
    ++woken;
}

struct SleepFigures {
    double bytes = 0;
    double start_ns = 0;
    int woken = 0;
};

Task<> sleep_together(Group& group, SleepFigures& figures) {
    const double before = resident_bytes();
    const Clock::time_point start = Clock::now();
    const Clock::time_point end = start + std::chrono::seconds(1);
    for (int i = 0; i < kSleepers; ++i) {
        group.spawn(nap(end + std::chrono::nanoseconds(i * 7919LL % 1'000'003), figures.woken));
    }
    figures.start_ns = nanoseconds_each(Clock::now() - start, kSleepers);
    figures.bytes = (resident_bytes() - before) / kSleepers;
    co_return;
}

Task<> cancel_sleepers(Group& group, int& woken) {
    for (int i = 0; i < kSleepers; ++i) {
        group.spawn(nap(Clock::now() + std::chrono::hours(1), woken));
    }
    group.cancel();
    co_return;
}

void measure_switches(std::string_view name, Task<> task) {
    Loop loop;
    const Clock::time_point start = Clock::now();
    loop.run(std::move(task));
    print_figure(name, nanoseconds_each(Clock::now() - start, kMessages), "ns");
}

void measure_channel(std::string_view name, std::size_t capacity) {
    Channel<int> channel(capacity);
    std::int64_t sum = 0;
    measure_switches(name, with_group(pass_messages, std::ref(channel), std::ref(sum)));
}

SleepFigures measure_sleepers() {
    Loop loop;
    SleepFigures figures;
    loop.run(with_group(sleep_together, std::ref(figures)));
    print_figure("start a sleeping task", figures.start_ns, "ns");
    print_figure("memory of a sleeping task", figures.bytes, "bytes");
    return figures;
}

void measure_cancellation() {
    Loop loop;
    int woken = 0;
    const Clock::time_point start = Clock::now();
    loop.run(with_group(cancel_sleepers, std::ref(woken)));
    print_figure(
        "start and cancel a sleeper", nanoseconds_each(Clock::now() - start, kSleepers), "ns"
    );
}

void measure_all() {
    (void)measure_sleepers();  // printed; first, before there is any memory to recycle
    measure_cancellation();
    Channel<int> there(0);
    Channel<int> back(0);
    measure_switches(
        "switch, ping-pong, channel(0)", with_group(ping_pong, std::ref(there), std::ref(back))
    );
    measure_channel("message, channel(0)", 0);
    measure_channel("message, channel(1)", 1);
    measure_channel("message, channel(100)", 100);
    measure_switches("switch by yield", with_group(yield_by_turns));
    measure_switches("await of a ready task", await_ready_tasks());
}

bool check_sleepers() {
    const SleepFigures figures = measure_sleepers();
    return figures.woken == kSleepers && figures.bytes <= kMostBytesPerSleeper;
}

}  // namespace
}  // namespace corun::async

int main(int argc, char** argv) {
    (void)std::setvbuf(stdout, nullptr, _IOLBF, 0);  // at worst the lines come late
    if (argc == 2 && std::string_view(argv[1]) == "--check-sleepers") {
        return corun::async::check_sleepers() ? 0 : 1;
    }
    corun::async::measure_all();
    return 0;
}
