// The system call instruction of x86-64: see raw_syscall.hpp.

asm(R"(
    .text
    .globl corun_raw_syscall
    .type corun_raw_syscall, @function
corun_raw_syscall:
    .cfi_startproc
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    syscall
    ret
    .cfi_endproc
    .size corun_raw_syscall, . - corun_raw_syscall
)");
