// Runs in the keeper, a subreaper: the only place that waits for any child, as it alone cannot know
// whose parent it will become.
#include "corun/supervise/children.hpp"

#include "corun/sys/process.hpp"

#include <algorithm>
#include <optional>

namespace corun::supervise {

namespace {

/// More than can end between two questions of a supervisor that is at work; one that was killed
/// learns of older ends from the kernel (PIDFD_GET_INFO) or not at all.
constexpr std::size_t kMaxRemembered = 16384;

bool is_same(const sys::ProcessIdentity& a, const sys::ProcessIdentity& b) {
    return a.pid == b.pid && a.start_time == b.start_time;
}

}  // namespace

bool Children::is_starting() const {
    return std::any_of(workers_.begin(), workers_.end(), [](const auto& worker) {
        return worker.second == WorkKind::run;
    });
}

void Children::reap() {
    while (const std::optional<sys::EndedChild> child = sys::try_reap_any_child()) {
        if (workers_.erase(child->process.pid) != 0) {
            continue;
        }
        remember({.process = child->process, .status = child->status});
    }
}

void Children::remember(const EndedProcess& ended) {
    if (ended_.size() == kMaxRemembered) {
        ended_.pop_front();
    }
    ended_.push_back(ended);
}

const EndedProcess* Children::find(const sys::ProcessIdentity& process) const {
    const auto found = std::find_if(ended_.rbegin(), ended_.rend(), [&](const EndedProcess& ended) {
        return is_same(ended.process, process);
    });
    return found == ended_.rend() ? nullptr : &*found;
}

}  // namespace corun::supervise
