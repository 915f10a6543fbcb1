// inotify(7). Used by the supervisor, for bundles and logs.
#include "corun/sys/inotify.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"

#include <sys/inotify.h>

#include <array>
#include <cerrno>

namespace corun::sys {

Inotify::Inotify() : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (!fd_) {
        throw_errno("inotify_init1");
    }
}

bool Inotify::try_watch(const std::string& path, std::uint32_t mask) {
    if (::inotify_add_watch(fd_.ref().number(), path.c_str(), mask) >= 0) {
        return true;
    }
    if (errno == ENOENT || errno == ENOTDIR || errno == ENOSPC || errno == EACCES) {
        return false;
    }
    throw_errno("inotify_add_watch", path);
}

void Inotify::drain() {
    std::array<char, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): out
    Transferred got;
    do {
        got = try_read(fd_, buffer.data(), buffer.size());
    } while (got.error_number == 0 && got.size > 0);
    if (got.error_number != EAGAIN) {
        throw_errno_value(got.error_number, "read", "inotify");
    }
}

}  // namespace corun::sys
