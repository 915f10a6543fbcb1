/* executed FILE COMMAND...: runs it step by step, with the processes it makes, each until it executes
   another program (the command itself may execute itself again), and writes to FILE

     instructions N          in user mode
     system-calls N
     ADDRESS ...             of the code that ran, in the order of its first time, 16 bytes a piece

   The counts are those of a run that nobody watches: they say what a change costs on any machine.
   For programs at fixed addresses. Where the kernel cannot step (riscv64) it says so. */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define PROGRAM_COUNTER rip
#define SYSTEM_CALL 0x050fUL
#define SYSTEM_CALL_MASK 0xffffUL
#else
#define PROGRAM_COUNTER pc
#define SYSTEM_CALL 0xd4000001UL /* svc #0 */
#define SYSTEM_CALL_MASK 0xffffffffUL
#endif

enum { PIECE = 16, REACH = 1 << 24, CANNOT_STEP = 77 };

static unsigned char ran[REACH / PIECE];
static unsigned long order[REACH / PIECE];
static unsigned long pieces, instructions, system_calls;

static void look_at(pid_t pid)
{
    struct user_regs_struct registers;
    struct iovec room = {&registers, sizeof registers};
    unsigned long at;

    if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &room) < 0)
        return;
    at = registers.PROGRAM_COUNTER;
    instructions++;
    errno = 0;
    if (((unsigned long)ptrace(PTRACE_PEEKTEXT, pid, at, 0) & SYSTEM_CALL_MASK) == SYSTEM_CALL &&
        errno == 0)
        system_calls++;
    if (at < REACH && !ran[at / PIECE]) {
        ran[at / PIECE] = 1;
        order[pieces++] = at;
    }
}

/* The signal to hand on: what stops a process for its tracer's sake is not one. */
static int signal_of(int status)
{
    const int signal = WSTOPSIG(status);

    return signal == SIGTRAP || signal == SIGSTOP ? 0 : signal;
}

static int follow(pid_t command)
{
    int status, begun = 0; /* not before the command is what the process executes */
    pid_t pid;

    while ((pid = waitpid(-1, &status, __WALL)) > 0) {
        if (!WIFSTOPPED(status)) {
            if (pid == command)
                return status;
            continue;
        }
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
            if (pid != command) {
                ptrace(PTRACE_DETACH, pid, 0, 0);
                continue;
            }
            begun = 1;
        }
        if (begun)
            look_at(pid);
        ptrace(PTRACE_SINGLESTEP, pid, 0, signal_of(status));
    }
    return -1;
}

int main(int argc, char **argv)
{
    const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                         PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    FILE *out = argc > 2 ? fopen(argv[1], "we") : NULL;
    pid_t command = out ? fork() : -1;
    unsigned long i;
    int status;

    if (command < 0)
        return 125;
    if (command == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(argv[2], argv + 2);
        _exit(127);
    }
    if (waitpid(command, &status, 0) < 0 || ptrace(PTRACE_SETOPTIONS, command, 0, options) < 0)
        return 125;
    if (ptrace(PTRACE_SINGLESTEP, command, 0, 0) < 0) {
        fprintf(stderr, "executed: PTRACE_SINGLESTEP: %s\n", strerror(errno));
        return CANNOT_STEP;
    }
    status = follow(command);
    fprintf(out, "instructions %lu\nsystem-calls %lu\n", instructions, system_calls);
    for (i = 0; i < pieces; i++)
        fprintf(out, "%lx\n", order[i]);
    fclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
