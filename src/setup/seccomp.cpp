// The filter's load and the hand-over of its notify descriptor.
#include "corun/setup/seccomp.hpp"

#include "corun/base/text.hpp"
#include "corun/setup/tail.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/seccomp.hpp"
#include "corun/sys/socket.hpp"

#include <string>

namespace corun::setup {

void set_no_new_privileges(ChildContext&) {
    sys::set_no_new_privileges();
}

void load_seccomp(ChildContext& context) {
    const SeccompPlan& seccomp = context.plan.seccomp;
    // Made now: from the load on nothing may allocate.
    const std::string state = join(seccomp.agent_state_parts, std::to_string(context.host_pid));

    const sys::LoadedFilter loaded = sys::load_seccomp_filter(seccomp.program, seccomp.flags);
    if (loaded.error_number != 0) {
        fail_in_tail(context, "seccomp(SECCOMP_SET_MODE_FILTER)", loaded.error_number);
    }
    if (!loaded.listener || !seccomp.agent) {
        return;
    }
    // Already under the filter: one that notifies of sendmsg(2) would wait here for an agent that
    // has no descriptor yet. The parent refuses such a profile, as runc does for write(2).
    const int error_number = sys::send_with_fd_errno(seccomp.agent, state, loaded.listener);
    if (error_number != 0) {
        fail_in_tail(context, "send seccomp notify descriptor: sendmsg", error_number);
    }
}

}  // namespace corun::setup
