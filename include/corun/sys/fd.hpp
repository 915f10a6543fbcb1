// File descriptors as types: UniqueFd owns one, FdRef borrows one. Every fd is born CLOEXEC.
#pragma once

#include <cassert>
#include <string>
#include <utility>

namespace corun::sys {

/// A borrowed descriptor; never closes. Valid only while its owner lives.
class FdRef {
public:
    explicit constexpr FdRef(int number) : number_(number) {}

    /// AT_FDCWD: paths relative to the working directory, or absolute ones.
    [[nodiscard]] static FdRef cwd();

    [[nodiscard]] constexpr int number() const { return number_; }

    friend constexpr bool operator==(FdRef, FdRef) = default;

private:
    int number_;
};

/// Owns a descriptor and closes it once. Empty after move or release.
class UniqueFd {
public:
    UniqueFd() = default;

    explicit UniqueFd(int number) : number_(number) {}

    UniqueFd(UniqueFd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

    UniqueFd& operator=(UniqueFd&& other) noexcept {
        if (this != &other) {
            reset();
            number_ = std::exchange(other.number_, -1);
        }
        return *this;
    }

    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;

    ~UniqueFd() { reset(); }

    /// Closes now. Never retried on EINTR: on Linux the number is free again even then, and a retry
    /// could close a descriptor that another thread has just been given. (close(2), NOTES)
    void reset() noexcept;

    [[nodiscard]] int release() { return std::exchange(number_, -1); }

    [[nodiscard]] explicit operator bool() const { return number_ >= 0; }

    [[nodiscard]] FdRef ref() const {
        assert(number_ >= 0);
        return FdRef(number_);
    }

    // NOLINTNEXTLINE(google-explicit-constructor): lending is safe
    operator FdRef() const { return ref(); }

private:
    int number_ = -1;
};

/// `/proc/self/fd/N`, for the few interfaces that take only a path.
[[nodiscard]] std::string proc_self_fd(FdRef fd);

/// A second descriptor for the same open file, CLOEXEC, numbered at least `lowest`.
[[nodiscard]] UniqueFd duplicate(FdRef fd, int lowest = 3);

/// Sets O_NONBLOCK on the open file, for all who share it: only for files of our own making.
void set_non_blocking(FdRef fd);

}  // namespace corun::sys
