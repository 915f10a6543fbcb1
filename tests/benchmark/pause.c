/* A container's payload that does nothing until SIGTERM. */
#include <signal.h>

int main(void)
{
    sigset_t set;
    int signal;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, 0);
    sigwait(&set, &signal);
    return 0;
}
