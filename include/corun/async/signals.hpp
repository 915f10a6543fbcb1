// Signals as a stream of values instead of handlers. Parent side; a child that is forked meanwhile
// inherits the blocked mask and must undo it before it executes anything.
#pragma once

#include "corun/async/task.hpp"
#include "corun/base/scope.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/signal.hpp"

#include <initializer_list>
#include <optional>

namespace corun::async {

/// Blocks some signals for as long as it lives and gives them one by one.
class SignalStream : NonCopyable {
public:
    SignalStream(std::initializer_list<int> signals);
    explicit SignalStream(const sigset_t& signals);
    SignalStream(const SignalStream&) = delete;
    SignalStream& operator=(const SignalStream&) = delete;
    SignalStream(SignalStream&&) = delete;
    SignalStream& operator=(SignalStream&&) = delete;

    /// Restores the mask as it was. A signal still pending then takes its usual effect.
    ~SignalStream();

    /// Waits for the next signal: its number in ssi_signo, its sender in ssi_pid, and the rest of
    /// signalfd(2). One waiter at a time.
    Task<signalfd_siginfo> next();

    /// As next(); nothing when cancelled, instead of Cancelled.
    Task<std::optional<signalfd_siginfo>> next_or_cancelled();

    /// The mask before: what a child should have.
    [[nodiscard]] const sigset_t& former_mask() const { return former_mask_; }

private:
    sys::UniqueFd fd_;
    sigset_t former_mask_;
};

}  // namespace corun::async
