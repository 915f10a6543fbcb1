// What this process uses. The supervisor's, for its metrics.
#include "corun/sys/own_usage.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

namespace corun::sys {

namespace {

std::chrono::microseconds duration_of(const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

/// The second number of statm, in pages. (proc_pid_statm(5))
std::uint64_t resident_bytes() {
    const std::string text = read_file(FdRef::cwd(), "/proc/self/statm");
    const std::vector<std::string_view> numbers = split(text, ' ');
    const auto pages = numbers.size() < 2 ? 0 : parse_number<std::uint64_t>(numbers[1]).value_or(0);
    return pages * static_cast<std::uint64_t>(::getpagesize());
}

}  // namespace

OwnUsage own_usage() {
    rusage usage = {};
    if (::getrusage(RUSAGE_SELF, &usage) < 0) {
        throw_errno("getrusage");
    }
    return {
        .user = duration_of(usage.ru_utime),
        .system = duration_of(usage.ru_stime),
        .resident_bytes = resident_bytes(),
    };
}

}  // namespace corun::sys
