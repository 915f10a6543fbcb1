// Semaphore: at most so many coroutines of one loop in a place at a time. First come, first served.
#pragma once

#include "corun/async/cancel.hpp"
#include "corun/async/list.hpp"
#include "corun/async/waiter.hpp"
#include "corun/base/scope.hpp"

#include <cstddef>
#include <utility>

namespace corun::async {

class Semaphore;

/// The right to be in; given back when it goes out of scope. The semaphore must outlive it.
class [[nodiscard]] Permit {
public:
    explicit Permit(Semaphore& semaphore) : semaphore_(&semaphore) {}

    Permit(Permit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)) {}

    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    Permit& operator=(Permit&&) = delete;

    ~Permit() { release(); }

    /// Gives it back now.
    void release() noexcept;

private:
    Semaphore* semaphore_;
};

/// Hands out a fixed number of permits.
class Semaphore : NonCopyable {
public:
    explicit Semaphore(std::size_t permits) : free_(permits) {}

    /// Awaiter of acquire().
    class Acquire final : public Waiter, public Link<Semaphore> {
    public:
        explicit Acquire(Semaphore& semaphore) : semaphore_(semaphore) {}

        Acquire(const Acquire&) = delete;
        Acquire& operator=(const Acquire&) = delete;
        Acquire(Acquire&&) = delete;
        Acquire& operator=(Acquire&&) = delete;

        ~Acquire() { disarm(); }

        [[nodiscard]] Permit await_resume() const {
            throw_if_cancelled();
            return Permit(semaphore_);
        }

    private:
        [[nodiscard]] bool begin() override;

        void leave() noexcept override { Link<Semaphore>::unlink(); }

        Semaphore& semaphore_;
    };

    /// `co_await`: a Permit, as soon as one is free.
    [[nodiscard]] Acquire acquire() { return Acquire(*this); }

    /// Permits that nobody holds.
    [[nodiscard]] std::size_t free() const { return free_; }

private:
    friend class Permit;

    void give_back() noexcept;

    std::size_t free_;
    List<Acquire, Semaphore> waiting_;
};

}  // namespace corun::async
