// Paths below a container's root. Runs in the child, with the container's tree as an adversary's.
#include "corun/sys/path.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>

#include <cerrno>

namespace corun::sys {

namespace {

constexpr std::uint64_t kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
constexpr std::uint64_t kNoSymlinks = kInRoot | RESOLVE_NO_SYMLINKS;
constexpr mode_t kDirectoryMode = 0755;
constexpr mode_t kFileMode = 0644;
constexpr int kMaxLinks = 40;  // the kernel's own limit, path_resolution(7)

std::string or_dot(const std::string& path) {
    std::string relative = relative_to_root(path);
    return relative.empty() ? "." : relative;
}

std::optional<UniqueFd> present(UniqueFd fd, int error_number, const std::string& path) {
    if (fd) {
        return fd;
    }
    if (error_number == ENOENT || error_number == ENOTDIR) {
        return std::nullopt;
    }
    throw_errno_value(error_number, "openat2", path);
}

}  // namespace

UniqueFd RootDir::open(const std::string& path, int flags) const {
    return openat2(root_, or_dot(path), static_cast<unsigned>(flags), kInRoot);
}

std::optional<UniqueFd> RootDir::try_open(const std::string& path, int flags) const {
    int error_number = 0;
    UniqueFd fd =
        openat2_nothrow(root_, or_dot(path), static_cast<unsigned>(flags), kInRoot, error_number);
    return present(std::move(fd), error_number, path);
}

UniqueFd RootDir::open_without_symlinks(const std::string& path, int flags) const {
    return openat2(root_, or_dot(path), static_cast<unsigned>(flags), kNoSymlinks);
}

std::optional<UniqueFd> RootDir::try_open_without_symlinks(const std::string& path, int flags)
    const {
    int error_number = 0;
    UniqueFd fd = openat2_nothrow(
        root_, or_dot(path), static_cast<unsigned>(flags), kNoSymlinks, error_number
    );
    return present(std::move(fd), error_number, path);
}

UniqueFd RootDir::ensure_directory(const std::string& path, Symlinks symlinks) const {
    return ensure(relative_to_root(path), Leaf::directory, {symlinks, kMaxLinks});
}

UniqueFd RootDir::ensure_file(const std::string& path, Symlinks symlinks) const {
    return ensure(relative_to_root(path), Leaf::file, {symlinks, kMaxLinks});
}

UniqueFd RootDir::ensure(const std::string& path, Leaf leaf, Search search) const {
    const bool keeps = search.symlinks == Symlinks::keep_last;
    const int kind = keeps ? O_NOFOLLOW : leaf == Leaf::directory ? O_DIRECTORY : 0;
    const std::uint64_t resolve = search.symlinks == Symlinks::refuse ? kNoSymlinks : kInRoot;
    int error_number = 0;
    UniqueFd existing = openat2_nothrow(
        root_, or_dot(path), static_cast<unsigned>(O_PATH | kind), resolve, error_number
    );
    if (existing) {
        return existing;
    }
    if (error_number != ENOENT) {
        throw_errno_value(error_number, "openat2", path);
    }
    const std::size_t slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? "" : path.substr(0, slash);
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    return make_leaf(parent, name, leaf, search);
}

UniqueFd RootDir::make_leaf(
    const std::string& parent_path, const std::string& name, Leaf leaf, Search search
) const {
    const Symlinks on_the_way =
        search.symlinks == Symlinks::refuse ? Symlinks::refuse : Symlinks::follow;
    const UniqueFd parent = ensure(parent_path, Leaf::directory, {on_the_way, search.links_left});
    if (name == "..") {
        return open(concat(parent_path, "/.."), O_PATH);
    }
    // What is there already is a dangling symlink, or the work of one who was faster: as good.
    const bool made = leaf == Leaf::directory ? try_mkdirat(parent, name, kDirectoryMode)
                                              : try_mknodat(parent, name, S_IFREG | kFileMode, 0);
    const std::optional<struct stat> status =
        made ? std::nullopt : try_fstatat(parent, name, AT_SYMLINK_NOFOLLOW);
    if (status && S_ISLNK(status->st_mode)) {
        if (search.links_left == 0 || search.symlinks == Symlinks::refuse) {
            throw_errno_value(ELOOP, "openat2", concat(parent_path, "/", name));
        }
        const std::string target = readlinkat(parent, name);
        const std::string next =
            target.starts_with('/') ? target : concat(parent_path, "/", target);
        return ensure(relative_to_root(next), leaf, {search.symlinks, search.links_left - 1});
    }
    const int kind = leaf == Leaf::directory ? O_DIRECTORY : 0;
    return openat2(parent, name, static_cast<unsigned>(O_PATH | kind), kNoSymlinks);
}

std::string relative_to_root(std::string_view path) {
    std::string out;
    for (const std::string_view part : split(path, '/')) {
        if (part.empty() || part == ".") {
            continue;
        }
        if (!out.empty()) {
            out += '/';
        }
        out += part;
    }
    return out;
}

std::string clean_absolute(std::string_view path) {
    std::string out;
    for (const std::string_view part : split(path, '/')) {
        if (part.empty() || part == ".") {
            continue;
        }
        if (part == "..") {
            out.erase(out.empty() ? 0 : out.rfind('/'));
            continue;
        }
        out += '/';
        out += part;
    }
    return out.empty() ? "/" : out;
}

}  // namespace corun::sys
