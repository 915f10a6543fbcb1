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
)");
