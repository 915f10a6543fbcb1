// The ENOSYS stub in classic BPF. One section for each architecture; all jumps but the one to the
// filter stay inside their section, so that no 8-bit offset can overflow.
#include "corun/container/seccomp_stub.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cerrno>
#include <cstddef>
#include <limits>

namespace corun::container {

namespace {

constexpr std::uint32_t kX32SyscallBit = 0x40000000;  // __X32_SYSCALL_BIT of asm/unistd.h

sock_filter statement(unsigned code, std::uint32_t value) {
    return {.code = static_cast<std::uint16_t>(code), .jt = 0, .jf = 0, .k = value};
}

/// Skips `if_true` or `if_false` instructions.
sock_filter jump_if(
    unsigned comparison, std::uint32_t value, std::size_t if_true, std::size_t if_false
) {
    return {
        .code = static_cast<std::uint16_t>(BPF_JMP | comparison | BPF_K),
        .jt = static_cast<std::uint8_t>(if_true),
        .jf = static_cast<std::uint8_t>(if_false),
        .k = value,
    };
}

sock_filter load(std::size_t offset) {
    return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

sock_filter return_enosys() {
    return statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
}

bool is_s390(std::uint32_t arch) {
    return arch == AUDIT_ARCH_S390 || arch == AUDIT_ARCH_S390X;
}

/// What the accumulator, the system call's number, is tested for.
std::vector<sock_filter> comparison(const NewestSyscall& newest) {
    constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();  // nothing is newer
    const std::uint32_t number = newest.number.value_or(kNone);
    if (newest.audit_arch == AUDIT_ARCH_X86_64) {
        return {
            jump_if(BPF_JSET, kX32SyscallBit, 1, 0),
            jump_if(BPF_JGT, number, 1, 2),
            jump_if(BPF_JGT, newest.x32_number.value_or(kNone), 0, 1),
            return_enosys(),
        };
    }
    if (is_s390(newest.audit_arch)) {
        // Numbers above 255 are passed in a register; one that the kernel does not know arrives
        // here as 0, which is setup(2), gone from the kernel long ago.
        return {
            jump_if(BPF_JEQ, 0, 1, 0),
            jump_if(BPF_JGT, number, 0, 1),
            return_enosys(),
        };
    }
    return {jump_if(BPF_JGT, number, 0, 1), return_enosys()};
}

}  // namespace

std::vector<sock_filter> enosys_stub(const std::vector<NewestSyscall>& newest) {
    std::vector<sock_filter> program;
    std::vector<std::size_t> exits;  // jumps to the filter, whose distance is known at the end
    for (const NewestSyscall& arch : newest) {
        if (!arch.number && !arch.x32_number) {
            continue;
        }
        if (program.empty()) {
            program.push_back(load(offsetof(seccomp_data, arch)));
        }
        const std::vector<sock_filter> tests = comparison(arch);
        const std::size_t section = 1 + tests.size() + 1;  // load, tests, exit
        program.push_back(jump_if(BPF_JEQ, arch.audit_arch, 0, section));
        program.push_back(load(offsetof(seccomp_data, nr)));
        program.insert(program.end(), tests.begin(), tests.end());
        exits.push_back(program.size());
        program.push_back(statement(BPF_JMP | BPF_JA, 0));
    }
    for (const std::size_t exit : exits) {
        program[exit].k = static_cast<std::uint32_t>(program.size() - exit - 1);
    }
    return program;
}

}  // namespace corun::container
