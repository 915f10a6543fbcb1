// Rlimits and oom_score_adj. In the child, before it takes the payload's ids; set_limits() in the
// parent too.
#include "corun/setup/limits.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/wanted.hpp"

#include <sys/resource.h>

namespace corun::setup {

void take_limits(ChildContext& context) {
    if (parent_sets_limits(context.plan)) {
        context.handshake.ask(MessageKind::set_limits);
        return;
    }
    set_limits(context.plan.limits, 0);
}

void set_limits(const std::vector<ResourceLimit>& limits, pid_t pid) {
    for (const ResourceLimit& limit : limits) {
        const auto resource = static_cast<__rlimit_resource>(limit.resource);
        if (::prlimit64(pid, resource, &limit.value, nullptr) < 0) {
            throw_errno(concat(
                "set ",
                limit.name,
                " to ",
                limit.value.rlim_cur,
                ":",
                limit.value.rlim_max,
                ": prlimit"
            ));
        }
    }
}

}  // namespace corun::setup
