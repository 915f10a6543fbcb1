// Host and domain name. Child side, in a UTS namespace of the container's.
#include "corun/setup/hostname.hpp"

#include "corun/sys/process.hpp"

namespace corun::setup {

void set_names(ChildContext& ctx) {
    if (!ctx.plan.hostname.empty()) {
        sys::sethostname(ctx.plan.hostname);
    }
    if (!ctx.plan.domainname.empty()) {
        sys::setdomainname(ctx.plan.domainname);
    }
}

}  // namespace corun::setup
