// A container's program that writes a line a second.
#include <time.h>
#include <unistd.h>

int main(void) {
    const struct timespec second = {.tv_sec = 1};
    while (write(1, "tick\n", 5) == 5) {
        (void)nanosleep(&second, 0);
    }
    return 1;
}
