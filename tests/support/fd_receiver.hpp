// A Unix socket whose clients send one message with a descriptor, as conmon and seccomp agents
// hold one.
#pragma once

#include "corun/sys/fd.hpp"
#include "proc.hpp"

#include <string>

namespace corun::test {

/// What one client sent.
struct SentFd {
    std::string text;
    sys::UniqueFd fd;
};

class FdReceiver {
public:
    FdReceiver();

    [[nodiscard]] std::string path() const { return directory_ / "socket"; }

    /// Waits for a client and its message. The connection is kept.
    [[nodiscard]] SentFd receive();

    /// Waits until the client of the last message has closed; gives what else it has sent.
    [[nodiscard]] std::string rest();

private:
    TempDir directory_;
    sys::UniqueFd socket_;
    sys::UniqueFd client_;
};

}  // namespace corun::test
