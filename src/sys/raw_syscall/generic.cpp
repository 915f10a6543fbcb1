// For architectures without a file of their own, by the C library: a failure changes errno, which
// may be another process's too; nobody reads it between two calls of its own.
#include "corun/sys/raw_syscall.hpp"

#include <unistd.h>

#include <cerrno>

extern "C" long corun_raw_syscall(
    long number, long first, long second, long third, long fourth, long fifth
) noexcept {
    const long result = ::syscall(number, first, second, third, fourth, fifth);
    return result < 0 ? -errno : result;
}
