// Rlimits and oom_score_adj. The child only asks: raising them takes CAP_SYS_RESOURCE over the
// host, which the root of a user namespace does not hold.
#include "corun/setup/limits.hpp"

namespace corun::setup {

void ask_for_limits(ChildContext& context) {
    context.handshake.ask(MessageKind::set_limits);
}

}  // namespace corun::setup
