#include "corun/async/signals.hpp"

#include "corun/async/group.hpp"
#include "corun/async/loop.hpp"
#include "corun/async/timer.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <csignal>
#include <functional>
#include <vector>

namespace corun::async {
namespace {

Task<> collect(SignalStream& stream, std::vector<unsigned>& signals) {
    while (signals.size() < 2) {
        const signalfd_siginfo info = co_await stream.next();
        CHECK(info.ssi_pid == static_cast<unsigned>(::getpid()));
        signals.push_back(info.ssi_signo);
    }
}

Task<> raise_two(Group& group, SignalStream& stream, std::vector<unsigned>& signals) {
    group.spawn(collect(stream, signals));
    co_await yield();
    (void)::kill(::getpid(), SIGUSR1);  // to oneself: cannot fail
    while (signals.empty()) {
        co_await yield();
    }
    (void)::kill(::getpid(), SIGUSR2);  // as above
}

bool is_blocked(int signal) {
    sigset_t mask = {};
    REQUIRE(::pthread_sigmask(SIG_BLOCK, nullptr, &mask) == 0);
    return ::sigismember(&mask, signal) == 1;
}

}  // namespace

TEST_CASE("signals: the stream gives the signals one by one, with their sender") {
    Loop loop;
    SignalStream stream({SIGUSR1, SIGUSR2});
    std::vector<unsigned> signals;

    loop.run(with_group(raise_two, std::ref(stream), std::ref(signals)));

    CHECK(signals == std::vector<unsigned>{SIGUSR1, SIGUSR2});
}

namespace {

Task<> wait_until_cancelled(SignalStream* stream, bool* ended) {
    const std::optional<signalfd_siginfo> signal = co_await stream->next_or_cancelled();
    *ended = !signal.has_value();
}

Task<> cancel_the_wait(Group& group, SignalStream* stream, bool* ended) {
    group.spawn(wait_until_cancelled(stream, ended));
    co_await yield();
    group.cancel();
}

}  // namespace

TEST_CASE("signals: cancellation is an answer for whoever asks for it") {
    Loop loop;
    SignalStream stream({SIGUSR1});
    bool ended = false;

    loop.run(with_group(cancel_the_wait, &stream, &ended));

    CHECK(ended);
}

TEST_CASE("signals: the mask is as before once the stream is gone") {
    REQUIRE_FALSE(is_blocked(SIGUSR1));
    {
        const SignalStream stream({SIGUSR1});
        CHECK(is_blocked(SIGUSR1));
        CHECK(::sigismember(&stream.former_mask(), SIGUSR1) == 0);
    }
    CHECK_FALSE(is_blocked(SIGUSR1));
}

}  // namespace corun::async
