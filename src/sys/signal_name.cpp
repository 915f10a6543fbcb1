// Signals by name, from the C library's own table. Pure.
#include "corun/sys/signal_name.hpp"

#include "corun/base/text.hpp"

#include <csignal>
#include <cstring>

namespace corun::sys {

namespace {

constexpr int kLastSignal = 64;  // _NSIG of every Linux but MIPS

/// `RTMIN`, `RTMIN+n`, `RTMAX`, `RTMAX-n` for a number in [SIGRTMIN, SIGRTMAX].
std::optional<int> parse_realtime(std::string_view name) {
    const bool from_first = name.starts_with("RTMIN");
    if (!from_first && !name.starts_with("RTMAX")) {
        return std::nullopt;
    }
    const std::string_view rest = name.substr(5);
    if (rest.empty()) {
        return from_first ? SIGRTMIN : SIGRTMAX;
    }
    if (rest.front() != (from_first ? '+' : '-')) {
        return std::nullopt;
    }
    const auto distance = parse_number<unsigned>(rest.substr(1));
    if (!distance || *distance > static_cast<unsigned>(SIGRTMAX - SIGRTMIN)) {
        return std::nullopt;
    }
    const int steps = static_cast<int>(*distance);
    return from_first ? SIGRTMIN + steps : SIGRTMAX - steps;
}

}  // namespace

std::optional<int> parse_signal(std::string_view text) {
    if (const auto number = parse_number<int>(text)) {
        return *number >= 0 && *number <= kLastSignal ? number : std::nullopt;
    }
    const std::string upper = to_upper(text);
    std::string_view name = upper;
    if (name.starts_with("SIG")) {
        name.remove_prefix(3);
    }
    for (int signal = 1; signal < SIGRTMIN; ++signal) {
        const char* known = ::sigabbrev_np(signal);
        if (known != nullptr && name == known) {
            return signal;
        }
    }
    if (name == "IOT") {
        return SIGABRT;
    }
    if (name == "CLD") {
        return SIGCHLD;
    }
    return parse_realtime(name);
}

}  // namespace corun::sys
