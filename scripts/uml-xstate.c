/* uml-xstate - preloaded into User-Mode Linux by umlrun: ptrace(2) with a large register set.
 *
 * User-Mode Linux 6.1 keeps a process' extended registers in a buffer that ends with those of AVX-512.
 * On a processor that has more (AMX), the host refuses to set them from so short a buffer, and the guest
 * does not boot. Here the rest is added: as the process has it now, which is as it was, since each
 * process of the guest is one of the host, and nothing in the guest uses what lies there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef long (*ptrace_function)(enum __ptrace_request, ...);

static char whole[1 << 16];

long ptrace(enum __ptrace_request request, ...) {
    static ptrace_function real;
    if (!real) {
        real = (ptrace_function)dlsym(RTLD_NEXT, "ptrace");
    }
    va_list arguments;
    va_start(arguments, request);
    const pid_t pid = va_arg(arguments, pid_t);
    void* const address = va_arg(arguments, void*);
    void* const data = va_arg(arguments, void*);
    va_end(arguments);
    const int is_registers = request == PTRACE_GETREGSET || request == PTRACE_SETREGSET;
    if (!is_registers || address != (void*)NT_X86_XSTATE) {
        return real(request, pid, address, data);
    }
    struct iovec* const part = data;
    struct iovec all = {.iov_base = whole, .iov_len = sizeof whole};
    const long result = real(PTRACE_GETREGSET, pid, address, &all);
    if (result != 0 || all.iov_len < part->iov_len) {
        return real(request, pid, address, data);
    }
    if (request == PTRACE_GETREGSET) {
        memcpy(part->iov_base, whole, part->iov_len);
        return 0;
    }
    memcpy(whole, part->iov_base, part->iov_len);
    return real(PTRACE_SETREGSET, pid, address, &all);
}
