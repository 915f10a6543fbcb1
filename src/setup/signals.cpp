// Signals of the new process: as if it had been started by nobody.
#include "corun/setup/signals.hpp"

#include "corun/sys/process.hpp"

#include <csignal>

namespace corun::setup {

void reset_signals(ChildContext&) {
    sys::reset_signals();
}

void die_with_parent(ChildContext&) {
    // Should the parent be dead already, the handshake tells: end of file on its socket.
    sys::set_parent_death_signal(SIGKILL);
}

}  // namespace corun::setup
