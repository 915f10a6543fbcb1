// Taking turns at a container's freezer, and knowing whose freeze it is. Parent side.
// `kill --all` freezes for a moment, so that no process forks one that the signal misses. Should it
// be killed in that moment, the file it has marked says that the freeze is nobody's, and the next
// command that looks at the container ends it.
#pragma once

#include "corun/sys/fd.hpp"

#include <optional>
#include <utility>

namespace corun::container {

/// Held by whoever freezes or thaws. Dropped with the object, and by the kernel with the process.
class FreezerTurn {
public:
    /// Waits for its turn. `directory` is the container's state directory.
    [[nodiscard]] static FreezerTurn take(sys::FdRef directory);

    /// Nothing if another has it, or if nobody ever froze the container for a moment.
    [[nodiscard]] static std::optional<FreezerTurn> try_take(sys::FdRef directory);

    /// The last one to mark a freeze as its own for a moment did not live to end it.
    [[nodiscard]] bool is_freeze_abandoned() const;

    /// Before a freeze for a moment, and after its end.
    void mark() const;
    void unmark() const;

private:
    explicit FreezerTurn(sys::UniqueFd file) : file_(std::move(file)) {}

    sys::UniqueFd file_;
};

}  // namespace corun::container
