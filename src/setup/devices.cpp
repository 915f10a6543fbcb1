// Fills /dev. Child side, as the container's root, before the root switch. Nothing is opened,
// changed or removed by a path that a symlink of the rootfs could bend. (CVE-2026-41579)
#include "corun/setup/devices.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/attach.hpp"
#include "corun/setup/bind_source.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace corun::setup {

namespace {

constexpr mode_t kTypeAndPermissions = S_IFMT | 07777U;

struct Link {
    const char* name;
    const char* target;
};

constexpr std::array<Link, 4> kStdioLinks = {{
    {"fd", "/proc/self/fd"},
    {"stdin", "/proc/self/fd/0"},
    {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"},
}};

/// The directory of a node; kept open as long as the next node is in it too.
class Directory {
public:
    explicit Directory(const sys::RootDir& root) : root_(root) {}

    void enter(const std::string& path) {
        if (fd_ && path == path_) {
            return;
        }
        fd_ = root_.ensure_directory(path, sys::Symlinks::refuse);
        path_ = path;
        passes_group_on_ = (sys::fstat(fd_).st_mode & S_ISGID) != 0;
    }

    [[nodiscard]] sys::FdRef fd() const { return fd_; }

    /// What is made here belongs to the container's root, who makes it.
    [[nodiscard]] bool gives(uid_t uid, gid_t gid) const {
        return uid == 0 && gid == 0 && !passes_group_on_;
    }

private:
    const sys::RootDir& root_;
    std::string path_;
    sys::UniqueFd fd_;
    bool passes_group_on_ = false;
};

bool is_same_node(const struct stat& found, const DevicePlan& node) {
    const bool is_device = S_ISCHR(node.mode) || S_ISBLK(node.mode);
    return (found.st_mode & S_IFMT) == (node.mode & S_IFMT) &&
           (!is_device || found.st_rdev == node.number);
}

void check_existing(sys::FdRef directory, const std::string& name, const DevicePlan& node) {
    const std::optional<struct stat> found = sys::try_fstatat(directory, name, AT_SYMLINK_NOFOLLOW);
    if (!found || !is_same_node(*found, node)) {
        throw Error("a different file exists there");
    }
}

/// The umask is 0, so the mode comes out as asked: no chmod(2), which would follow a symlink that a
/// sibling put in the node's place.
void make_node(const Directory& directory, const std::string& name, const DevicePlan& node) {
    const sys::FdRef fd = directory.fd();
    if (!sys::try_mknodat(fd, name, node.mode & kTypeAndPermissions, node.number)) {
        check_existing(fd, name, node);
        return;
    }
    if (!directory.gives(node.uid, node.gid)) {
        sys::fchownat(fd, name, node.uid, node.gid, AT_SYMLINK_NOFOLLOW);
    }
}

void bind_node(const sys::RootDir& root, const std::string& path, const DevicePlan& node) {
    const sys::UniqueFd tree = take_tree(node.host_node);
    if (!is_same_node(sys::fstat(tree), node)) {
        throw Error(concat(quote(node.host_node.path), " is a different device on the host"));
    }
    attach_verified(root, ensure_file_target(root, path, sys::Symlinks::refuse), tree);
}

void make_nodes(const ChildContext& ctx) {
    Directory directory(*ctx.root);
    for (const DevicePlan& node : ctx.plan.dev.nodes) {
        in_context(
            [&] { return concat("device ", quote(node.path)); },
            [&] {
                const std::string path = sys::clean_absolute(node.path);
                const std::size_t slash = path.rfind('/');
                if (path == "/") {
                    throw Error("is the root directory");
                }
                if (ctx.plan.dev.binds_nodes && !S_ISFIFO(node.mode)) {
                    bind_node(*ctx.root, path, node);
                } else {
                    directory.enter(path.substr(0, slash));
                    make_node(directory, path.substr(slash + 1), node);
                }
            }
        );
    }
}

/// What a link is to lead to, in the container's own /proc.
bool exists_in_proc(const sys::RootDir& root, const std::string& path) {
    const std::optional<sys::UniqueFd> proc = root.try_open_without_symlinks("/proc", O_PATH);
    return proc && sys::try_fstatat(*proc, path, AT_SYMLINK_NOFOLLOW);
}

void make_links(const sys::RootDir& root, sys::FdRef dev) {
    if (exists_in_proc(root, "self")) {
        for (const Link& link : kStdioLinks) {
            (void)sys::try_symlinkat(link.target, dev, link.name);  // the image's own is kept
        }
    }
    if (exists_in_proc(root, "kcore")) {
        (void)sys::try_symlinkat("/proc/kcore", dev, "core");  // as above
    }
}

/// Always the container's own devpts, whatever the image has there.
void make_ptmx(sys::FdRef dev) {
    if (!sys::try_symlinkat("pts/ptmx", dev, "ptmx")) {
        sys::unlinkat(dev, "ptmx");
        sys::symlinkat("pts/ptmx", dev, "ptmx");
    }
}

}  // namespace

void make_devices(ChildContext& ctx) {
    if (!ctx.plan.dev.populates) {
        return;
    }
    const sys::ScopedUmask umask(0);
    make_nodes(ctx);
    const sys::UniqueFd dev = ctx.root->ensure_directory("/dev", sys::Symlinks::refuse);
    make_links(*ctx.root, dev);
    in_context([] { return "device '/dev/ptmx'"; }, [&] { make_ptmx(dev); });
}

}  // namespace corun::setup
