// The first instructions on RISC-V (64 bit), where the kernel leaves argc at the top of the stack.
// Runs before the C library: see protect.cpp.

asm(R"(
    .text
    .globl corun_entry
    .type corun_entry, @function
corun_entry:
    mv a0, sp
    call corun_protect_early
    li a0, 0
    tail _start
    .size corun_entry, . - corun_entry

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
