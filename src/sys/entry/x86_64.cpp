// The first instructions on x86-64, where the kernel leaves argc at the top of the stack.
// Runs before the C library: see protect.cpp.

asm(R"(
    .text
    .globl corun_entry
    .type corun_entry, @function
corun_entry:
    .cfi_startproc
    .cfi_undefined rip
    xor %ebp, %ebp
    mov %rsp, %rdi
    mov %rsp, %rbx
    and $-16, %rsp
    call corun_protect_early
    mov %rbx, %rsp
    xor %edx, %edx
    jmp _start
    .cfi_endproc
    .size corun_entry, . - corun_entry
)");
