// The ENOSYS stub, run by a small interpreter: it must be right for architectures this is not.
#include "corun/container/seccomp_stub.hpp"

#include <doctest/doctest.h>

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cerrno>
#include <cstring>
#include <limits>

using corun::container::enosys_stub;
using corun::container::NewestSyscall;

namespace {

enum class Outcome { filter, enosys };

/// Runs the stub with a filter behind it that is reached or not.
Outcome run(const std::vector<sock_filter>& stub, std::uint32_t arch, std::uint32_t number) {
    seccomp_data data = {};
    data.arch = arch;
    data.nr = static_cast<int>(number);
    std::uint32_t accumulator = 0;
    std::size_t at = 0;
    while (at < stub.size()) {
        const sock_filter& instruction = stub[at];
        ++at;
        const auto jump = [&](bool condition) {
            at += condition ? instruction.jt : instruction.jf;
        };
        switch (instruction.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                std::memcpy(
                    &accumulator,
                    reinterpret_cast<const char*>(&data) + instruction.k,
                    sizeof accumulator
                );
                break;
            case BPF_JMP | BPF_JEQ | BPF_K:
                jump(accumulator == instruction.k);
                break;
            case BPF_JMP | BPF_JGT | BPF_K:
                jump(accumulator > instruction.k);
                break;
            case BPF_JMP | BPF_JSET | BPF_K:
                jump((accumulator & instruction.k) != 0);
                break;
            case BPF_JMP | BPF_JA:
                at += instruction.k;
                break;
            case BPF_RET | BPF_K:
                REQUIRE(instruction.k == (SECCOMP_RET_ERRNO | ENOSYS));
                return Outcome::enosys;
            default:
                FAIL("an instruction the stub should not have");
        }
    }
    REQUIRE(at == stub.size());
    return Outcome::filter;
}

constexpr std::uint32_t kX32 = 0x40000000;

}  // namespace

TEST_CASE("enosys stub: without numbers there is none") {
    CHECK(enosys_stub({}).empty());
    CHECK(enosys_stub({{.audit_arch = AUDIT_ARCH_AARCH64, .number = std::nullopt}}).empty());
}

TEST_CASE("enosys stub: what is above the newest number is newer, on each architecture its own") {
    const auto stub = enosys_stub(
        {{.audit_arch = AUDIT_ARCH_AARCH64, .number = 400},
         {.audit_arch = AUDIT_ARCH_ARM, .number = 300},
         {.audit_arch = AUDIT_ARCH_RISCV64, .number = 200}}
    );

    CHECK(run(stub, AUDIT_ARCH_AARCH64, 400) == Outcome::filter);
    CHECK(run(stub, AUDIT_ARCH_AARCH64, 401) == Outcome::enosys);
    CHECK(run(stub, AUDIT_ARCH_ARM, 300) == Outcome::filter);
    CHECK(run(stub, AUDIT_ARCH_ARM, 301) == Outcome::enosys);
    CHECK(run(stub, AUDIT_ARCH_RISCV64, 0) == Outcome::filter);
    CHECK(run(stub, AUDIT_ARCH_RISCV64, 201) == Outcome::enosys);
}

TEST_CASE("enosys stub: an architecture that is not listed goes to the filter") {
    const auto stub = enosys_stub({{.audit_arch = AUDIT_ARCH_AARCH64, .number = 400}});

    CHECK(run(stub, AUDIT_ARCH_X86_64, 9999) == Outcome::filter);
}

TEST_CASE("enosys stub: x32 calls are compared with x32's newest, others with x86-64's") {
    const auto stub = enosys_stub(
        {{.audit_arch = AUDIT_ARCH_X86_64, .number = 450, .x32_number = kX32 + 547},
         {.audit_arch = AUDIT_ARCH_I386, .number = 451}}
    );

    CHECK(run(stub, AUDIT_ARCH_X86_64, 450) == Outcome::filter);
    CHECK(run(stub, AUDIT_ARCH_X86_64, 451) == Outcome::enosys);
    CHECK(run(stub, AUDIT_ARCH_X86_64, kX32 + 547) == Outcome::filter);
    CHECK(run(stub, AUDIT_ARCH_X86_64, kX32 + 548) == Outcome::enosys);
    CHECK(run(stub, AUDIT_ARCH_I386, 451) == Outcome::filter);
    CHECK(run(stub, AUDIT_ARCH_I386, 452) == Outcome::enosys);
}

TEST_CASE("enosys stub: without x32 in the profile its calls are left to the filter") {
    const auto stub = enosys_stub({{.audit_arch = AUDIT_ARCH_X86_64, .number = 450}});

    CHECK(run(stub, AUDIT_ARCH_X86_64, kX32 + 9999) == Outcome::filter);
    CHECK(run(stub, AUDIT_ARCH_X86_64, 9999) == Outcome::enosys);
}

TEST_CASE("enosys stub: on s390 number 0 stands for every unknown call") {
    const auto stub = enosys_stub({{.audit_arch = AUDIT_ARCH_S390X, .number = 450}});

    CHECK(run(stub, AUDIT_ARCH_S390X, 0) == Outcome::enosys);
    CHECK(run(stub, AUDIT_ARCH_S390X, 1) == Outcome::filter);
    CHECK(run(stub, AUDIT_ARCH_S390X, 451) == Outcome::enosys);
}
