// The system call instruction of AArch64: see raw_syscall.hpp.

asm(R"(
    .text
    .globl corun_raw_syscall
    .type corun_raw_syscall, %function
corun_raw_syscall:
    mov x8, x0
    mov x0, x1
    mov x1, x2
    mov x2, x3
    mov x3, x4
    mov x4, x5
    svc #0
    ret
    .size corun_raw_syscall, . - corun_raw_syscall
)");
