// Marks of time in shared memory. Either side of clone3.
#include "corun/sys/timeline.hpp"

#include "corun/base/error.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>

namespace corun::sys {

Timeline::Timeline() : origin_(std::chrono::steady_clock::now()) {
    static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "shared by two processes");
    void* const memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw_errno("mmap");
    }
    shared_ = new (memory) Shared;
}

Timeline::~Timeline() {
    (void)::munmap(shared_, sizeof(Shared));
}

std::int64_t Timeline::elapsed() const noexcept {
    const std::chrono::nanoseconds since = std::chrono::steady_clock::now() - origin_;
    return since.count();
}

void Timeline::mark(Side side, std::string_view name) noexcept {
    const std::uint32_t index = shared_->count.fetch_add(1);
    if (index >= kMost) {
        return;
    }
    Mark& mark = shared_->marks.at(index);
    std::memcpy(mark.name.data(), name.data(), std::min(name.size(), mark.name.size() - 1));
    mark.side = side;
    mark.nanoseconds = elapsed();
    mark.is_complete = true;
}

std::vector<Timeline::Span> Timeline::spans() const {
    const std::chrono::nanoseconds now(elapsed());
    std::vector<Span> out;
    std::array<std::optional<std::size_t>, 2> open;  // the part of each side that has no end yet
    const std::size_t count = std::min<std::size_t>(shared_->count, kMost);
    for (std::size_t i = 0; i < count; ++i) {
        const Mark& mark = shared_->marks.at(i);
        if (!mark.is_complete) {
            continue;
        }
        const std::chrono::nanoseconds begin(mark.nanoseconds);
        std::optional<std::size_t>& before = open.at(static_cast<std::size_t>(mark.side));
        if (before) {
            out[*before].end = begin;
        }
        before = out.size();
        out.push_back({.name = mark.name.data(), .side = mark.side, .begin = begin, .end = now});
    }
    // Two sides that mark at the same time may come in the other order.
    std::stable_sort(out.begin(), out.end(), [](const Span& left, const Span& right) {
        return left.begin < right.begin;
    });
    return out;
}

}  // namespace corun::sys
