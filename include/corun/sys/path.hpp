// Paths below a container's root: every resolution stays inside it, whatever symlinks it holds.
// (R1)
#pragma once

#include "corun/sys/fd.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace corun::sys {

/// What a symlink on the way to a path means.
enum class Symlinks {
    follow,     // below the root
    keep_last,  // the same, but one at the end is itself meant
    refuse,     // ELOOP: for /proc, /sys, /dev
};

/// A directory below which paths are resolved as a process chroot'ed into it would see them
/// (openat2(2) RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS). Holds an O_PATH descriptor.
class RootDir {
public:
    explicit RootDir(UniqueFd root) : root_(std::move(root)) {}

    [[nodiscard]] FdRef fd() const { return root_; }

    /// Symlinks are followed, below the root.
    [[nodiscard]] UniqueFd open(const std::string& path, int flags) const;
    [[nodiscard]] std::optional<UniqueFd> try_open(const std::string& path, int flags) const;

    /// No symlink anywhere on the path: for /proc, /sys, /dev and what is masked. ELOOP if there is
    /// one.
    [[nodiscard]] UniqueFd open_without_symlinks(const std::string& path, int flags) const;
    [[nodiscard]] std::optional<UniqueFd> try_open_without_symlinks(
        const std::string& path, int flags
    ) const;

    /// O_PATH descriptor of the directory at `path`, made with its parents (mode 0755) where
    /// absent. A dangling symlink on the way is followed, below the root, and its target made.
    [[nodiscard]] UniqueFd ensure_directory(
        const std::string& path, Symlinks symlinks = Symlinks::follow
    ) const;

    /// O_PATH descriptor of the file at `path`; where absent an empty regular file is made.
    [[nodiscard]] UniqueFd ensure_file(
        const std::string& path, Symlinks symlinks = Symlinks::follow
    ) const;

private:
    enum class Leaf { directory, file };

    /// What ensure() may do on its way.
    struct Search {
        Symlinks symlinks = Symlinks::follow;
        int links_left = 0;
    };

    [[nodiscard]] UniqueFd ensure(const std::string& path, Leaf leaf, Search search) const;
    [[nodiscard]] UniqueFd make_leaf(
        const std::string& parent_path, const std::string& name, Leaf leaf, Search search
    ) const;

    UniqueFd root_;
};

/// "/a//b/./c/" → "a/b/c"; ".." is kept, as only the kernel can resolve it.
[[nodiscard]] std::string relative_to_root(std::string_view path);

/// Lexically clean absolute path ("/a/../b/./c" → "/b/c"), as Go's path.Clean("/" + path).
[[nodiscard]] std::string clean_absolute(std::string_view path);

}  // namespace corun::sys
