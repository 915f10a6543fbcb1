// What this process may do on the host; decides what the parent prepares and what the child must.
#pragma once

namespace corun::container {

/// Probed once per command.
struct Privileges {
    /// Effective user id 0 in the initial user namespace with CAP_SYS_ADMIN.
    bool host_root = true;
    /// CAP_SYS_ADMIN over the current mount namespace: detached mounts can be made by the parent.
    bool can_mount = true;
    /// In a user namespace other than the initial one.
    bool in_user_namespace = false;
    /// In one that does not let groups be given up. (user_namespaces(7))
    bool setgroups_denied = false;

    /// Neither root on the host nor able to act like it.
    [[nodiscard]] bool rootless() const { return !host_root; }
};

[[nodiscard]] Privileges probe_privileges();

}  // namespace corun::container
