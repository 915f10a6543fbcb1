// A process that executes another program and goes on as before: what it leaves to it. For the
// supervisor and the keeper, each with a text and descriptors of its own.
#pragma once

#include "corun/sys/fd.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace corun::supervise {

/// Executes `program` with this one's arguments and environment. It finds `text` by the environment
/// variable, and the descriptors open under their numbers. Returns only by throwing; everything is
/// as before then.
[[noreturn]] void execute_successor(
    const std::string& program,
    const std::string& variable,
    std::string_view text,
    std::span<const sys::FdRef> fds
);

/// The text, if there is one; takes the variable out of the environment.
[[nodiscard]] std::optional<std::string> take_legacy(const std::string& variable);

/// A descriptor that came along becomes this program's, and nobody else's. Empty if negative.
[[nodiscard]] sys::UniqueFd take_inherited_fd(int number);

/// As the text has it: -1 for an empty one.
[[nodiscard]] int number_of(const sys::UniqueFd& fd);

}  // namespace corun::supervise
