// The change from container root to the payload's user.
#include "corun/setup/credentials.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/credentials.hpp"
#include "corun/sys/process.hpp"

#include <sys/stat.h>

#include <cerrno>

namespace corun::setup {

namespace {

void set_groups(const CredentialsPlan& credentials) {
    if (credentials.groups == Groups::keep) {
        return;
    }
    if (credentials.groups == Groups::set) {
        sys::setgroups(credentials.additional_gids);
        return;
    }
    // Refused where an ordinary user has mapped nothing but their own group; then the groups they
    // have may not be given up, for somebody may be kept out by one. user_namespaces(7)
    if (!sys::try_setgroups(credentials.additional_gids) && !credentials.additional_gids.empty()) {
        throw Error(
            "/process/user/additionalGids: setgroups(2) is denied in a user namespace with a "
            "single group (more can be mapped with newgidmap and /etc/subgid)",
            EPERM
        );
    }
}

}  // namespace

void take_ids(ChildContext& context) {
    const CredentialsPlan& credentials = context.plan.credentials;
    if (credentials.capabilities) {
        sys::set_keep_capabilities(true);  // until exec, which ends it
    }
    // Groups first, the uid last: each step needs a privilege that the last one takes away.
    set_groups(credentials);
    sys::setresgid(credentials.gid);
    sys::setresuid(credentials.uid);
    (void)::umask(credentials.umask);  // returns the former mask; cannot fail
    // A change of ids sets it to fs.suid_dumpable, which an administrator may have set to 1.
    sys::set_dumpable(false);
}

}  // namespace corun::setup
