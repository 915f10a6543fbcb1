// The state root's directory for what makes later starts faster. Parent side.
#include "corun/container/cache_directory.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace corun::container {

bool is_private(const struct stat& status) {
    constexpr mode_t kForbiddenModes = 0077;
    return status.st_uid == ::geteuid() && (status.st_mode & kForbiddenModes) == 0;
}

sys::UniqueFd open_private_directory(sys::FdRef parent, const std::string& name) {
    constexpr mode_t kMode = 0700;
    (void)sys::try_mkdirat(parent, name, kMode);  // mostly it is there
    sys::UniqueFd directory = sys::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!is_private(sys::fstat(directory))) {
        throw Error(concat(quote(name), " is not private"), EPERM);
    }
    return directory;
}

sys::UniqueFd open_cache_directory(const std::string& state_root) {
    const sys::UniqueFd root = sys::open(state_root, O_PATH | O_DIRECTORY);
    return open_private_directory(root, kCacheDirectory);
}

}  // namespace corun::container
