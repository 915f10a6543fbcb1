// Where a state root keeps what makes later starts faster: compiled seccomp programs, the bare
// mount namespace. Parent side, as the owner of the state root.
#pragma once

#include "corun/sys/fd.hpp"

#include <sys/stat.h>

#include <string>

namespace corun::container {

/// In the state root. Its other entries are named after containers, whose ids have no '~'; the dot
/// hides it from callers that look there for what is left of their containers.
inline constexpr const char* kCacheDirectory = ".~cache";

/// Owned by us, for us alone: anything else may have been put there by somebody else.
[[nodiscard]] bool is_private(const struct stat& status);

/// Makes it, 0700, if it is not there. Throws Error (EPERM) if it is somebody else's.
[[nodiscard]] sys::UniqueFd open_private_directory(sys::FdRef parent, const std::string& name);

/// kCacheDirectory, made if need be.
[[nodiscard]] sys::UniqueFd open_cache_directory(const std::string& state_root);

}  // namespace corun::container
