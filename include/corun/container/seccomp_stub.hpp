// The part of a seccomp program that answers ENOSYS for system calls newer than the profile.
// Parent side, pure: architectures and numbers in, instructions out.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace corun::container {

/// The largest system call number that a profile names, for one architecture of the kernel.
struct NewestSyscall {
    std::uint32_t audit_arch = 0;  // AUDIT_ARCH_*
    std::optional<std::uint32_t> number;
    /// x86-64 only: of the x32 ABI, which shares the architecture; with __X32_SYSCALL_BIT.
    std::optional<std::uint32_t> x32_number = std::nullopt;

    bool operator==(const NewestSyscall&) const = default;
};

/// Instructions to put in front of a filter: ENOSYS for what is newer, else on to the filter. An
/// architecture that is not listed, and an ABI without a number, go to the filter.
[[nodiscard]] std::vector<sock_filter> enosys_stub(const std::vector<NewestSyscall>& newest);

}  // namespace corun::container
