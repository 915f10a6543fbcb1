// The signal stream. Runs in the parent.
#include "corun/async/signals.hpp"

#include "corun/async/ready.hpp"

#include <optional>

namespace corun::async {

SignalStream::SignalStream(std::initializer_list<int> signals)
    : SignalStream(sys::signal_set(signals)) {}

SignalStream::SignalStream(const sigset_t& signals)
    : fd_(sys::signalfd(signals)), former_mask_(sys::block_signals(signals)) {}

SignalStream::~SignalStream() {
    sys::set_signal_mask(former_mask_);
}

Task<signalfd_siginfo> SignalStream::next() {
    for (;;) {
        co_await readable(fd_);
        // Nothing: another reader, in another process even, was faster.
        const std::optional<signalfd_siginfo> info = sys::try_read_signal(fd_);
        if (info) {
            co_return *info;
        }
    }
}

Task<std::optional<signalfd_siginfo>> SignalStream::next_or_cancelled() {
    for (;;) {
        const bool is_readable = co_await readable_or_cancelled(fd_);
        if (!is_readable) {
            co_return std::nullopt;
        }
        std::optional<signalfd_siginfo> info = sys::try_read_signal(fd_);
        if (info) {
            co_return info;
        }
    }
}

}  // namespace corun::async
