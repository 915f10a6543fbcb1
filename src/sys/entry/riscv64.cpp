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
)");
