// A network namespace that is made while the caller goes on with something else. The kernel takes
// longer over one than over all other namespaces together (half a millisecond), and a start has
// enough to do until it needs it.
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

/// A process of its own, in this one's memory (CLONE_VM), that has left for a new network
/// namespace, owned by the caller's user namespace, has brought its `lo` up and holds it until this
/// object is destroyed or its parent dies.
class PreparedNetwork : NonCopyable {
public:
    /// Begins. Throws Error if there is no process to be had.
    PreparedNetwork();

    /// Waits until the namespace is there and joins it: once, and for a child made since, whose
    /// parent still has the object. Throws Error with what failed.
    void join() const;

private:
    /// What the process reads: it may not touch anything else of this one's.
    struct Order {
        pid_t parent = 0;
        int result_fd = -1;
    };

    static int run(void* order);

    static constexpr std::size_t kStackBytes = 16UL * 1024;  // a few system calls

    Order order_;
    UniqueFd result_;
    std::unique_ptr<std::byte[]> stack_;
    std::optional<ChildGuard> process_;  // destroyed before its stack
};

}  // namespace corun::sys
