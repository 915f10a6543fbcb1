/* peak FILE COMMAND...: runs it, then writes the peak of its resident memory, in KiB, to FILE. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;
    FILE *out = argc > 2 ? fopen(argv[1], "we") : NULL;
    pid_t pid = out ? fork() : -1;

    if (pid < 0)
        return 125;
    if (pid == 0) {
        execv(argv[2], argv + 2);
        _exit(127);
    }
    if (wait4(pid, &status, 0, &usage) < 0)
        return 125;
    fprintf(out, "%ld\n", usage.ru_maxrss);
    fclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
