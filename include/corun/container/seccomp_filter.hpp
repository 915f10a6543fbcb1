// linux.seccomp → a program for seccomp(2), by libseccomp. Parent side, no privileges; nothing is
// loaded here. In front of libseccomp's program stands one that answers ENOSYS for system calls
// newer than any the profile knows, so that a libc falls back instead of seeing EPERM.
#pragma once

#include "corun/oci/spec.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

struct CompiledSeccomp {
    std::string program;          // an array of sock_filter, in the machine's byte order
    unsigned flags = 0;           // SECCOMP_FILTER_FLAG_*, with NEW_LISTENER if it is wanted
    bool wants_listener = false;  // some action is SCMP_ACT_NOTIFY

    bool operator==(const CompiledSeccomp&) const = default;
};

/// Compiles. What cannot be is an Error with the JSON pointer (`/linux/seccomp/syscalls/3/args`).
/// Names of system calls that libseccomp does not know are passed over: see unknown_syscalls().
[[nodiscard]] CompiledSeccomp compile_seccomp(const oci::Seccomp& profile);

/// The names in the profile that this libseccomp does not know; for a log at debug level.
[[nodiscard]] std::vector<std::string> unknown_syscalls(const oci::Seccomp& profile);

/// What the result of compile_seccomp() depends on besides the profile: architecture, versions of
/// libseccomp, of this compiler and of the kernel.
[[nodiscard]] std::string compiler_identity();

}  // namespace corun::container
