// Channel<T>: a bounded queue between coroutines of one loop. A value is handed straight to one
// that waits for it; who has been handed one keeps it, even if it is cancelled right after.
#pragma once

#include "corun/async/cancel.hpp"
#include "corun/async/list.hpp"
#include "corun/async/waiter.hpp"
#include "corun/base/scope.hpp"

#include <cassert>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace corun::async {

/// Throws the Error of a send to a closed channel: EPIPE.
[[noreturn]] void throw_channel_closed();

/// A ring of at most `capacity` values, first in, first out.
template <class T>
class Ring {
public:
    explicit Ring(std::size_t capacity) : slots_(capacity) {}

    [[nodiscard]] bool empty() const { return count_ == 0; }

    [[nodiscard]] bool full() const { return count_ == slots_.size(); }

    void push(T&& value) {
        assert(!full());
        std::size_t place = first_ + count_;
        place -= place >= slots_.size() ? slots_.size() : 0;
        slots_[place].emplace(std::move(value));
        ++count_;
    }

    [[nodiscard]] T pop() {
        assert(!empty());
        T value = std::move(*slots_[first_]);
        slots_[first_].reset();
        first_ = first_ + 1 == slots_.size() ? 0 : first_ + 1;
        --count_;
        return value;
    }

private:
    std::vector<std::optional<T>> slots_;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

/// Sends and receives wait for room and for values. Capacity 0: each send waits for its receiver.
/// Must outlive all that wait on it.
template <class T>
class Channel : NonCopyable {
public:
    class Send;
    class Receive;

    explicit Channel(std::size_t capacity) : buffer_(capacity) {}

    /// `co_await`: puts `value` in, waiting for room. Throws Error (EPIPE) if the channel is
    /// closed, before or meanwhile.
    [[nodiscard]] Send send(T value) { return Send(*this, std::move(value)); }

    /// `co_await`: the oldest value; nothing once the channel is closed and empty.
    [[nodiscard]] Receive receive() { return Receive(*this); }

    /// Ends the sending: what is in the buffer can still be received; senders that wait fail.
    void close() {
        closed_ = true;
        while (!receivers_.empty()) {
            receivers_.pop_front().fire();
        }
        while (!senders_.empty()) {
            senders_.pop_front().refuse();
        }
    }

    [[nodiscard]] bool closed() const { return closed_; }

    /// Awaiter of send(); holds the value until it is taken.
    class Send final : public Waiter, public Link<Channel> {
    public:
        Send(Channel& channel, T&& value) : channel_(channel), value_(std::move(value)) {}

        Send(const Send&) = delete;
        Send& operator=(const Send&) = delete;
        Send(Send&&) = delete;
        Send& operator=(Send&&) = delete;

        ~Send() { disarm(); }

        void await_resume() const {
            throw_if_cancelled();
            if (refused_) {
                throw_channel_closed();
            }
        }

    private:
        friend class Channel;

        [[nodiscard]] bool begin() override {
            if (channel_.closed_) {
                refused_ = true;
                return false;
            }
            return !channel_.try_put(value_) && channel_.enqueue(*this);
        }

        void leave() noexcept override { Link<Channel>::unlink(); }

        [[nodiscard]] T surrender() {
            fire();
            return std::move(value_);
        }

        void refuse() {
            refused_ = true;
            fire();
        }

        Channel& channel_;
        T value_;
        bool refused_ = false;
    };

    /// Awaiter of receive(); the value is put into it.
    class Receive final : public Waiter, public Link<Channel> {
    public:
        explicit Receive(Channel& channel) : channel_(channel) {}

        Receive(const Receive&) = delete;
        Receive& operator=(const Receive&) = delete;
        Receive(Receive&&) = delete;
        Receive& operator=(Receive&&) = delete;

        ~Receive() { disarm(); }

        [[nodiscard]] std::optional<T> await_resume() {
            throw_if_cancelled();
            return std::move(value_);
        }

    private:
        friend class Channel;

        [[nodiscard]] bool begin() override {
            channel_.take_into(value_);
            return !value_ && !channel_.closed_ && channel_.enqueue(*this);
        }

        void leave() noexcept override { Link<Channel>::unlink(); }

        void deliver(T&& value) {
            value_.emplace(std::move(value));
            fire();
        }

        Channel& channel_;
        std::optional<T> value_;
    };

private:
    [[nodiscard]] bool enqueue(Send& sender) {
        senders_.push_back(sender);
        return true;
    }

    [[nodiscard]] bool enqueue(Receive& receiver) {
        receivers_.push_back(receiver);
        return true;
    }

    [[nodiscard]] bool try_put(T& value) {
        if (!receivers_.empty()) {
            receivers_.pop_front().deliver(std::move(value));
            return true;
        }
        if (!buffer_.full()) {
            buffer_.push(std::move(value));
            return true;
        }
        return false;
    }

    // Room made in the buffer goes to the sender that has waited longest, which keeps the order.
    void take_into(std::optional<T>& target) {
        if (!buffer_.empty()) {
            target.emplace(buffer_.pop());
            if (!senders_.empty()) {
                buffer_.push(senders_.pop_front().surrender());
            }
        } else if (!senders_.empty()) {
            target.emplace(senders_.pop_front().surrender());
        }
    }

    Ring<T> buffer_;
    List<Send, Channel> senders_;
    List<Receive, Channel> receivers_;
    bool closed_ = false;
};

}  // namespace corun::async
