// What a supervised process costs the one that waits for it, without the container around it: ten
// thousand children, each followed by a coroutine that waits on its pidfd. Prints one line per
// figure.
#include "corun/async/child_exit.hpp"
#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/timer.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"

#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace corun::async {
namespace {

constexpr int kChildren = 10'000;
constexpr int kPart = 1'000;  // of them, timed apart

using Microseconds = std::chrono::duration<double, std::micro>;

void print_figure(std::string_view name, double value, std::string_view unit) {
    std::printf(
        "corun %-44.*s %10.1f %.*s\n",
        static_cast<int>(name.size()),
        name.data(),
        value,
        static_cast<int>(unit.size()),
        unit.data()
    );
}

/// Resident memory of this process: what is private is shared with the children, too.
double resident_kib() {
    const std::string text = sys::read_file(sys::FdRef::cwd(), "/proc/self/smaps_rollup");
    constexpr std::string_view kField = "\nRss:";
    return std::stod(text.substr(text.find(kField) + kField.size()));
}

struct Crowd {
    std::vector<sys::Pidfd> children;
    int ended = 0;
};

/// As the keeper forks: without a copy of all the descriptors.
sys::Pidfd fork_child() {
    sys::Cloned child = sys::clone3(CLONE_FILES);
    if (child.in_child()) {
        sys::unshare_descriptors_below(3);
        while (true) {
            ::pause();
        }
    }
    return std::move(child.process);
}

Task<> follow(Crowd* crowd, std::size_t index) {
    (void)co_await exit_of(crowd->children[index]);
    ++crowd->ended;
}

Task<> run(Group& group, Crowd* crowd) {
    const double before = resident_kib();
    crowd->children.reserve(kChildren);
    Microseconds first{};
    Microseconds last{};
    for (int part = 0; part < kChildren / kPart; ++part) {
        const Clock::time_point begin = Clock::now();
        for (int i = 0; i < kPart; ++i) {
            crowd->children.push_back(fork_child());
            group.spawn(follow(crowd, crowd->children.size() - 1));
        }
        last = Clock::now() - begin;
        first = part == 0 ? last : first;
    }
    print_figure("fork and follow, each of the first 1,000", first.count() / kPart, "us");
    print_figure("fork and follow, each of the last 1,000", last.count() / kPart, "us");
    print_figure("memory for each", (resident_kib() - before) * 1024 / kChildren, "bytes");
    const std::clock_t cpu = std::clock();
    co_await sleep_for(std::chrono::seconds(1));
    print_figure(
        "processor time in a second of idling",
        static_cast<double>(std::clock() - cpu) * 1e6 / CLOCKS_PER_SEC,
        "us"
    );
    const Clock::time_point begin = Clock::now();
    for (const sys::Pidfd& child : crowd->children) {
        (void)child.send_signal(SIGKILL);
    }
    const Microseconds killed = Clock::now() - begin;
    print_figure("kill, each", killed.count() / kChildren, "us");
}

}  // namespace
}  // namespace corun::async

int main() {
    using namespace corun::async;
    (void)corun::sys::raise_open_files_limit();
    Crowd crowd;
    Loop loop;
    const Clock::time_point begin = Clock::now();
    loop.run(with_group(run, &crowd));
    const std::chrono::duration<double, std::milli> all = Clock::now() - begin;
    print_figure("all of it, with a second of idling", all.count(), "ms");
    print_figure("exits seen", crowd.ended, "");
    return crowd.ended == kChildren ? 0 : 1;
}
