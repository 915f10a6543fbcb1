// Session, keyring and dumpability of the new process.
#include "corun/setup/session.hpp"

#include "corun/sys/keyring.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/uapi.hpp"

#include <optional>

namespace corun::setup {

void start_session(ChildContext&) {
    sys::setsid();
}

void join_session_keyring(ChildContext& context) {
    const std::optional<std::int32_t> key =
        sys::try_join_session_keyring(context.plan.session_keyring);
    if (!key) {
        return;
    }
    // For `exec` to find the ring by name. With a user namespace its process is another uid to the
    // ring's owner until it has joined, so "others" must find it. (runc's choice as well)
    const NamespacePlan& namespaces = context.plan.namespaces;
    const bool has_user_namespace = namespaces.has_user_namespace();
    sys::add_key_permissions(*key, has_user_namespace ? sys::kKeyOtherSearch : sys::kKeyUserSearch);
}

void make_undumpable(ChildContext&) {
    sys::set_dumpable(false);
}

}  // namespace corun::setup
