// The program's first instructions, before the C library's. A C library that starts asks the CPU
// for its caches by CPUID, which costs half a millisecond under a hypervisor; a program that is to
// execute itself again (own_binary.hpp) had better do so before. Only in static builds.
#pragma once

#include <array>
#include <string_view>

namespace corun::sys {

/// Commands whose children become processes of a container: the words that the entry looks for.
/// Only a hint: own_binary's check comes after it and decides.
inline constexpr std::array<std::string_view, 5> kEnteringCommands{
    "create", "exec", "restore", "run", "supervise"};

}  // namespace corun::sys
