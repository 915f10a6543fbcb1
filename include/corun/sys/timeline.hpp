// Timeline: when each part of a start began, on both sides of clone3.
#pragma once

#include "corun/base/scope.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corun::sys {

/// Marks in memory that the child shares: one costs no system call, the clock being the vDSO's, and
/// the child's are there after it has executed the payload, which has the memory no more. Each side
/// does one thing after the other: a part ends where the next of its side begins.
class Timeline : NonCopyable {
public:
    enum class Side : std::uint8_t { parent, child };

    /// From `begin` to `end`, since the timeline was made.
    struct Span {
        std::string name;
        Side side = Side::parent;
        std::chrono::nanoseconds begin = {};
        std::chrono::nanoseconds end = {};
    };

    /// Begins now. Throws Error if there is no memory.
    Timeline();
    Timeline(const Timeline&) = delete;
    Timeline& operator=(const Timeline&) = delete;
    Timeline(Timeline&&) = delete;
    Timeline& operator=(Timeline&&) = delete;
    ~Timeline();

    /// The part `name` of that side begins, the one before ends. What does not fit is cut off (a
    /// name) or left out (a mark).
    void mark(Side side, std::string_view name) noexcept;

    /// Parts in the order of their beginnings; the last of each side ends now.
    [[nodiscard]] std::vector<Span> spans() const;

private:
    struct Mark {
        std::array<char, 30> name = {};
        Side side = Side::parent;
        std::atomic<bool> is_complete = false;
        std::int64_t nanoseconds = 0;
    };

    static constexpr std::size_t kMost = 255;

    struct Shared {
        std::atomic<std::uint32_t> count = 0;
        std::array<Mark, kMost> marks;
    };

    [[nodiscard]] std::int64_t elapsed() const noexcept;

    std::chrono::steady_clock::time_point origin_;
    Shared* shared_;
};

}  // namespace corun::sys
