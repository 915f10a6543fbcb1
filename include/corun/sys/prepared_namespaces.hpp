// A network namespace, and others with it, made while the caller goes on with something else. The
// kernel takes longer over a network than over all other namespaces together (half a millisecond),
// and a start has enough to do until it needs it.
#pragma once

#include "corun/base/scope.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/pidfd.hpp"

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>

namespace corun::sys {

/// A process of its own, in this one's memory (CLONE_VM), that has left for new namespaces, owned
/// by the caller's user namespace, has brought `lo` up and holds them until this object is
/// destroyed or its parent dies.
class PreparedNamespaces : NonCopyable {
public:
    /// Begins. `others` are made beside the network: CLONE_NEWIPC, CLONE_NEWUTS. Throws Error if
    /// there is no process to be had.
    explicit PreparedNamespaces(int others = 0);

    /// CLONE_NEW* of those it makes.
    [[nodiscard]] int kinds() const { return order_.kinds; }

    /// Waits until the namespaces are there and joins them: once, and for a child made since, whose
    /// parent still has the object. Throws Error with what failed.
    void join() const;

private:
    /// What the process reads: it may not touch anything else of this one's.
    struct Order {
        pid_t parent = 0;
        int result_fd = -1;
        int kinds = 0;
    };

    static int run(void* order);

    static constexpr std::size_t kStackBytes = 16UL * 1024;  // a few system calls

    Order order_;
    UniqueFd result_;
    std::unique_ptr<std::byte[]> stack_;
    std::optional<ChildGuard> process_;  // destroyed before its stack
};

}  // namespace corun::sys
