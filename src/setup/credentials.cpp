// The change from container root to the payload's user.
#include "corun/setup/credentials.hpp"

#include "corun/sys/credentials.hpp"
#include "corun/sys/process.hpp"

#include <sys/stat.h>

namespace corun::setup {

void take_ids(ChildContext& context) {
    const CredentialsPlan& credentials = context.plan.credentials;
    if (credentials.capabilities) {
        sys::set_keep_capabilities(true);  // until exec, which ends it
    }
    // Groups first, the uid last: each step needs a privilege that the last one takes away.
    if (credentials.sets_groups) {
        sys::setgroups(credentials.additional_gids);
    }
    sys::setresgid(credentials.gid);
    sys::setresuid(credentials.uid);
    (void)::umask(credentials.umask);  // returns the former mask; cannot fail
    // A change of ids sets it to fs.suid_dumpable, which an administrator may have set to 1.
    sys::set_dumpable(false);
}

}  // namespace corun::setup
