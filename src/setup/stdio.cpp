// chown of the standard streams, by descriptor.
#include "corun/setup/stdio.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

namespace corun::setup {

namespace {

/// Regular files stay their owner's: a caller's log is no business of the payload's user. /dev/null
/// is everybody's.
bool may_change_owner(const struct stat& status) {
    constexpr unsigned kMemoryMajor = 1;
    constexpr unsigned kNullMinor = 3;
    switch (status.st_mode & S_IFMT) {
        case S_IFIFO:
        case S_IFSOCK:
            return true;
        case S_IFCHR:
            return status.st_rdev != makedev(kMemoryMajor, kNullMinor);
        default:
            return false;
    }
}

/// EINVAL: the group is not mapped in this user namespace; EPERM: the owner is not; EROFS: /dev is
/// read-only. The payload can use the stream all the same, only not open it anew.
bool is_tolerable(int error_number) {
    return error_number == EINVAL || error_number == EPERM || error_number == EROFS;
}

void own_stream(sys::FdRef stream, uid_t uid) {
    const struct stat status = sys::fstat(stream);
    if (status.st_uid == uid || !may_change_owner(status)) {
        return;
    }
    const int error_number = sys::fchown_errno(stream, uid);
    if (error_number != 0 && !is_tolerable(error_number)) {
        throw_errno_value(error_number, concat("fchown of standard stream ", stream.number()));
    }
}

}  // namespace

void own_stdio(ChildContext& context) {
    for (const int number : {0, 1, 2}) {
        own_stream(sys::FdRef(number), context.plan.credentials.uid);
    }
}

}  // namespace corun::setup
