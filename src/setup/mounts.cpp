// Makes the container's mounts. Child side, as the container's root, before the root switch. A
// mount is complete before it is attached, and attached to a descriptor; the rootfs is never
// trusted.
#include "corun/setup/mounts.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/attach.hpp"
#include "corun/setup/bind_source.hpp"
#include "corun/setup/masks.hpp"
#include "corun/setup/tmpcopyup.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

namespace corun::setup {

namespace {

// What runc allows too: lxcfs replaces them, and none is used to decide on security.
constexpr std::array<std::string_view, 10> kReplaceableProcFiles = {
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/slabinfo",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/crypto/fips_enabled",
};

bool is_proc(std::string_view path) {
    return path == "/proc";
}

bool is_below_proc(std::string_view path) {
    return path.starts_with("/proc/");
}

[[noreturn]] void refuse_inside_proc() {
    throw Error("cannot be mounted because it is inside /proc");
}

[[noreturn]] void refuse_other_than_proc() {
    throw Error("cannot be mounted because it is not of type proc");
}

/// The lexical check is void if the rootfs has a symlink that leads into /proc.
void check_target(const sys::RootDir& root, const MountTarget& target) {
    if (is_proc(target.path) || is_below_proc(target.path) ||
        target.filesystem_type != PROC_SUPER_MAGIC) {
        return;
    }
    const std::optional<sys::UniqueFd> proc = root.try_open_without_symlinks("/proc", O_PATH);
    if (proc &&
        sys::mount_position(*proc).mount_id == sys::mount_position(target.object).mount_id) {
        refuse_inside_proc();
    }
}

sys::Symlinks symlinks_on_the_way(const MountPlan& mount, const std::string& path) {
    const bool refuse = mount.no_symlinks || is_proc(path) || is_below_proc(path) ||
                        mount.type == "proc" || mount.type == "sysfs";
    if (refuse) {
        return sys::Symlinks::refuse;
    }
    return mount.covers_symlink ? sys::Symlinks::keep_last : sys::Symlinks::follow;
}

MountTarget ensure_target(
    const sys::RootDir& root, const MountPlan& mount, const std::string& path, bool is_directory
) {
    const sys::Symlinks symlinks = symlinks_on_the_way(mount, path);
    MountTarget target = is_directory ? ensure_directory_target(root, path, symlinks)
                                      : ensure_file_target(root, path, symlinks);
    check_target(root, target);
    return target;
}

/// The directory for a file system that other software trusts by its place.
MountTarget ensure_filesystem_target(
    const sys::RootDir& root, const MountPlan& mount, const std::string& path
) {
    if (mount.type != "proc" && mount.type != "sysfs") {
        return ensure_target(root, mount, path, true);
    }
    return in_context(
        [&] {
            return concat(
                "filesystem ", double_quote(mount.type), " must be mounted on ordinary directory"
            );
        },
        [&] { return ensure_target(root, mount, path, true); }
    );
}

bool has_mode(const std::string& data) {
    const std::vector<std::string_view> options = split(data, ',');
    return std::any_of(options.begin(), options.end(), [](std::string_view option) {
        return option.starts_with("mode=");
    });
}

/// A tmpfs takes the mode of the directory that it covers, unless told otherwise; nothing if that
/// is not there yet. As runc and crun do.
std::string tmpfs_mode(const sys::RootDir& root, const MountPlan& mount, const std::string& path) {
    if (mount.type != "tmpfs" || has_mode(mount.data)) {
        return {};
    }
    const std::optional<sys::UniqueFd> directory = root.try_open(path, O_PATH | O_DIRECTORY);
    if (!directory) {
        return {};
    }
    std::array<char, 8> digits{};
    const auto result = std::to_chars(
        digits.data(), digits.data() + digits.size(), sys::fstat(*directory).st_mode & 07777U, 8
    );
    return {digits.data(), result.ptr};
}

sys::MountAttributes early_attributes(const MountPlan& mount) {
    sys::MountAttributes out = mount.attributes;
    if (mount.readonly_at_end) {
        out.set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
    }
    return out;
}

void change_propagation(sys::FdRef mount, const std::vector<PropagationChange>& changes) {
    for (const PropagationChange& change : changes) {
        sys::mount_setattr(mount, {.propagation = change.type}, change.depth);
    }
}

sys::UniqueFd make_filesystem(
    const MountPlan& mount, const std::string& type, const std::string& mode
) {
    sys::FilesystemContext context(type);
    if (!mount.source.path.empty()) {
        context.set_string("source", mount.source.path);
    }
    for (const std::string& flag : mount.superblock_flags) {
        if (!(mount.readonly_at_end && flag == "ro")) {
            context.set_flag(flag);
        }
    }
    if (!mode.empty()) {
        context.set_string("mode", mode);
    }
    context.set_options(mount.data);
    context.create();
    sys::UniqueFd tree = context.mount(early_attributes(mount).set);
    if (!mount.recursive_attributes.empty()) {
        sys::mount_setattr(tree, mount.recursive_attributes, sys::Depth::single);
    }
    return tree;
}

/// The host's, with all that is mounted below: a user namespace may not uncover what a mount hides.
/// Read-only, as there may be a cgroup2 that the caller may write. (CVE-2023-25809)
sys::UniqueFd take_readonly_substitute(const MountPlan& mount) {
    sys::MountAttributes recursive = mount.recursive_attributes;
    recursive.set |= MOUNT_ATTR_RDONLY;
    recursive.clear &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
    return take_tree(
        *mount.substitute,
        {.attributes = {.set = mount.attributes.set}, .recursive_attributes = recursive}
    );
}

void mount_filesystem(ChildContext& ctx, const MountPlan& mount, const std::string& path) {
    if (is_proc(path) && mount.type != "proc") {
        refuse_other_than_proc();
    }
    const std::string mode = tmpfs_mode(*ctx.root, mount, path);
    const MountTarget target = ensure_filesystem_target(*ctx.root, mount, path);
    const auto make = [&] { return make_filesystem(mount, mount.type, mode); };
    std::optional<sys::UniqueFd> tree =
        mount.substitute ? sys::unless_forbidden(make) : std::optional(make());
    if (!tree) {
        tree = take_readonly_substitute(mount);
    }
    if (mount.copies_up) {
        copy_up(target.object, *tree);
    }
    attach_verified(*ctx.root, target, *tree);
    change_propagation(*tree, mount.propagation);
    if (mount.readonly_at_end) {
        ctx.late_readonly.push_back(std::move(*tree));
    }
}

/// The parent's tree has its settings already.
sys::UniqueFd take_bind_tree(ChildContext& ctx, const MountPlan& mount) {
    const BindSettings settings{
        .attributes = mount.attributes,
        .source_flags = mount.source_flags,
        .recursive_attributes = mount.recursive_attributes,
        .propagation = mount.propagation,
    };
    if (mount.source.in_container.empty()) {
        return take_tree(mount.source, settings);
    }
    sys::UniqueFd tree = clone_in_root(*ctx.root, mount.source);
    if (mount.idmap) {
        ctx.handshake.ask(MessageKind::map_mount, tree);
    }
    apply_settings(tree, settings);
    return tree;
}

void mount_bind(ChildContext& ctx, const MountPlan& mount, const std::string& path) {
    const sys::UniqueFd tree = take_bind_tree(ctx, mount);
    const bool is_directory = S_ISDIR(sys::fstat(tree).st_mode);
    if (is_proc(path) && sys::filesystem_type(tree) != PROC_SUPER_MAGIC) {
        refuse_other_than_proc();
    }
    MountTarget target = ensure_target(*ctx.root, mount, path, is_directory);
    if (target.symlinks == sys::Symlinks::follow && S_ISLNK(sys::fstat(tree).st_mode)) {
        target.symlinks = sys::Symlinks::keep_last;  // what is looked up afterwards is the source
    }
    attach_verified(*ctx.root, target, tree);
}

void mount_cgroup(ChildContext& ctx, const MountPlan& mount, const std::string& path) {
    const MountTarget target = ensure_target(*ctx.root, mount, path, true);
    const auto make = [&] { return make_filesystem(mount, "cgroup2", {}); };
    std::optional<sys::UniqueFd> tree = sys::unless_forbidden(make);
    if (!tree && mount.substitute) {
        tree = take_tree(*mount.substitute, {.attributes = mount.attributes});
    }
    if (!tree) {
        tree = make_empty_directory({});
    }
    attach_verified(*ctx.root, target, *tree);
    change_propagation(*tree, mount.propagation);
}

void remount(ChildContext& ctx, const MountPlan& mount, const std::string& path) {
    sys::UniqueFd object = symlinks_on_the_way(mount, path) == sys::Symlinks::refuse
                               ? ctx.root->open_without_symlinks(path, O_PATH)
                               : ctx.root->open(path, O_PATH);
    if (!mount.superblock_flags.empty() || !mount.data.empty()) {
        sys::FilesystemContext context = sys::FilesystemContext::of_mount(object);
        for (const std::string& flag : mount.superblock_flags) {
            context.set_flag(flag);
        }
        context.set_options(mount.data);
        context.reconfigure();
    }
    if (!mount.recursive_attributes.empty()) {
        sys::mount_setattr(object, mount.recursive_attributes, sys::Depth::recursive);
    }
    const sys::MountAttributes attributes = early_attributes(mount);
    if (!attributes.empty()) {
        sys::mount_setattr(object, attributes, sys::Depth::single);
    }
    change_propagation(object, mount.propagation);
    if (mount.readonly_at_end) {
        ctx.late_readonly.push_back(std::move(object));
    }
}

/// The same symlink may be there already.
void make_symlink(const ChildContext& ctx, const MountPlan& mount, const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string name = path.substr(slash + 1);
    const bool refuse = symlinks_on_the_way(mount, path) == sys::Symlinks::refuse;
    const sys::UniqueFd parent = ctx.root->ensure_directory(
        path.substr(0, slash), refuse ? sys::Symlinks::refuse : sys::Symlinks::follow
    );
    if (sys::try_symlinkat(mount.data, parent, name)) {
        return;
    }
    const std::optional<struct stat> found = sys::try_fstatat(parent, name, AT_SYMLINK_NOFOLLOW);
    if (!found || !S_ISLNK(found->st_mode) || sys::readlinkat(parent, name) != mount.data) {
        throw Error(
            concat("copy of the symlink to ", quote(mount.data), ": a different file exists there"),
            EEXIST
        );
    }
}

void make_one(ChildContext& ctx, const MountPlan& mount) {
    const std::string path = sys::clean_absolute(mount.destination);
    check_destination(path);
    switch (mount.kind) {
        case MountKind::bind:
            mount_bind(ctx, mount, path);
            return;
        case MountKind::filesystem:
            mount_filesystem(ctx, mount, path);
            return;
        case MountKind::cgroup:
            mount_cgroup(ctx, mount, path);
            return;
        case MountKind::remount:
            remount(ctx, mount, path);
            return;
        case MountKind::symlink:
            make_symlink(ctx, mount, path);
            return;
    }
}

}  // namespace

void check_destination(const std::string& destination) {
    if (destination == "/") {
        throw Error("cannot be mounted because it is the root directory");
    }
    if (is_below_proc(destination) &&
        std::find(kReplaceableProcFiles.begin(), kReplaceableProcFiles.end(), destination) ==
            kReplaceableProcFiles.end()) {
        refuse_inside_proc();
    }
}

void make_mounts(ChildContext& ctx) {
    // New mount points get the modes they are meant to have, whatever umask the caller has.
    const sys::ScopedUmask umask(0);
    for (const MountPlan& mount : ctx.plan.mounts) {
        in_context(
            [&] { return concat("mount ", quote(mount.destination)); },
            [&] { make_one(ctx, mount); }
        );
    }
}

}  // namespace corun::setup
