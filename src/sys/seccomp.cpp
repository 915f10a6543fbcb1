// seccomp(2), which glibc does not wrap. Under the new filter from its return on.
#include "corun/sys/seccomp.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace corun::sys {

LoadedFilter load_seccomp_filter(std::string_view program, unsigned flags) noexcept {
    const std::size_t count = program.size() / sizeof(sock_filter);
    if (count > BPF_MAXINSNS || program.size() % sizeof(sock_filter) != 0) {
        return {.error_number = EINVAL, .listener = UniqueFd()};
    }
    sock_fprog filter = {};
    filter.len = static_cast<unsigned short>(count);
    filter.filter = reinterpret_cast<sock_filter*>(const_cast<char*>(program.data()));
    const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
    if (result < 0) {
        return {.error_number = errno, .listener = UniqueFd()};
    }
    // With TSYNC and without a listener a positive result is the thread that could not be
    // synchronised.
    if ((flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) {
        return {.error_number = 0, .listener = UniqueFd(static_cast<int>(result))};
    }
    return {.error_number = result > 0 ? ESRCH : 0, .listener = UniqueFd()};
}

bool has_seccomp_flag(unsigned flag) {
    // This one is taken only together with a listener. (seccomp(2))
    constexpr unsigned kWaitKillable = 1U << 5U;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 5.19
    const unsigned flags = flag == kWaitKillable ? flag | SECCOMP_FILTER_FLAG_NEW_LISTENER : flag;
    // Flags are checked before the program is read: EFAULT for null says they are known.
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, nullptr) < 0 && errno == EFAULT;
}

}  // namespace corun::sys
