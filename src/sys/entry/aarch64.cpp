// The first instructions on AArch64, where the kernel leaves argc at the top of the stack.
// Runs before the C library: see protect.cpp.

asm(R"(
    .text
    .globl corun_entry
    .type corun_entry, %function
corun_entry:
    mov x29, #0
    mov x30, #0
    mov x0, sp
    bl corun_protect_early
    mov x0, #0
    b _start
    .size corun_entry, . - corun_entry

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
