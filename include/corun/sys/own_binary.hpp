// Keeps the host's corun binary out of the container's reach. (CVE-2019-5736)
// Whoever enters a container carries /proc/PID/exe with it: a descriptor taken there could be
// opened for writing once corun has ended. So commands that enter one run from a copy that nobody
// can write.
#pragma once

namespace corun::sys {

/// Executes this program again, with the same arguments, from a detached read-only clone of its own
/// mount (open_tree(2), mount_setattr(2)), or, without the privilege to make one, from a sealed
/// memfd. Returns if that is done already or not needed: the binary lies on a read-only mount, or
/// belongs to somebody whose files this process cannot write. Throws Error if it cannot be
/// protected.
void ensure_own_binary_is_protected(char* const* argv, char* const* envp);

}  // namespace corun::sys
