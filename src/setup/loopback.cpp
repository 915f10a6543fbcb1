// Brings lo up. Child side, in a new network namespace.
#include "corun/setup/loopback.hpp"

#include "corun/sys/network.hpp"

namespace corun::setup {

void bring_loopback_up(ChildContext& /*ctx*/) {
    sys::bring_interface_up("lo");
}

}  // namespace corun::setup
