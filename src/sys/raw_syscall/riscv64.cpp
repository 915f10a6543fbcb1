// The system call instruction of RISC-V (64 bit): see raw_syscall.hpp.

asm(R"(
    .text
    .globl corun_raw_syscall
    .type corun_raw_syscall, @function
corun_raw_syscall:
    mv a7, a0
    mv a0, a1
    mv a1, a2
    mv a2, a3
    mv a3, a4
    mv a4, a5
    ecall
    ret
    .size corun_raw_syscall, . - corun_raw_syscall
)");
