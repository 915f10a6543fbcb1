// Clones of mount trees. Parent (host's privileges) or child (before the root switch); attaches
// nothing.
#include "corun/setup/bind_source.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace corun::setup {

namespace {

constexpr std::uint64_t kAtime = MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;

/// Those that a user namespace locks.
constexpr std::array<std::pair<std::uint64_t, std::string_view>, 4> kLockable{{
    {MOUNT_ATTR_RDONLY, "ro"},
    {MOUNT_ATTR_NOSUID, "nosuid"},
    {MOUNT_ATTR_NODEV, "nodev"},
    {MOUNT_ATTR_NOEXEC, "noexec"},
}};

/// `wanted` without what would take a flag from `tree`; as runc.
sys::MountAttributes keep_locked_flags(
    sys::FdRef tree, sys::MountAttributes wanted, std::uint64_t named_off
) {
    const std::uint64_t present = sys::mount_attributes(tree);
    for (const auto& [flag, name] : kLockable) {
        if ((present & named_off & flag) != 0) {
            throw Error(concat("cannot clear locked flag ", quote(name)), EPERM);
        }
        wanted.clear &= ~(present & flag);
    }
    if (((wanted.set | wanted.clear) & kAtime) != 0 &&
        (wanted.set & kAtime) != (present & kAtime)) {
        throw Error("cannot change locked atime flags", EPERM);
    }
    return wanted;
}

void set_own_attributes(
    sys::FdRef tree, const sys::MountAttributes& wanted, const SourceFlags& source_flags
) {
    const auto set = [&](const sys::MountAttributes& attributes) {
        if (!attributes.empty()) {
            sys::mount_setattr(tree, attributes, sys::Depth::single);
        }
    };
    if (source_flags.locked) {
        set(keep_locked_flags(tree, wanted, source_flags.named_off));
        return;
    }
    try {
        set(wanted);
    } catch (const Error& error) {
        if (error.error_number() != EPERM) {
            throw;
        }
        set(keep_locked_flags(tree, wanted, source_flags.named_off));
    }
}

}  // namespace

void apply_settings(sys::FdRef tree, const BindSettings& settings) {
    if (settings.idmap) {
        // First: a mount that is attached, or that another mount was made from, takes no mapping.
        in_context(
            [] {
                return "idmapped mount (takes a file system that can be, and CAP_SYS_ADMIN in the "
                       "user namespace it was mounted in)";
            },
            [&] {
                sys::mount_set_idmap(tree, settings.idmap->user_namespace, settings.idmap->depth);
            }
        );
    }
    if (!settings.attributes.empty()) {
        set_own_attributes(tree, settings.attributes, settings.source_flags);
    }
    if (!settings.recursive_attributes.empty()) {
        sys::mount_setattr(tree, settings.recursive_attributes, sys::Depth::recursive);
    }
    for (const PropagationChange& change : settings.propagation) {
        sys::mount_setattr(tree, {.propagation = change.type}, change.depth);
    }
}

sys::UniqueFd clone_in_root(const sys::RootDir& root, const BindSource& source) {
    const int nofollow = source.follows_symlink ? 0 : O_NOFOLLOW;
    const sys::UniqueFd place = root.open(source.in_container, O_PATH | nofollow);
    return sys::clone_tree(place, "", source.depth);
}

sys::UniqueFd clone_bind_source(
    sys::FdRef directory, const std::string& path, sys::Depth depth, const BindSettings& settings
) {
    sys::UniqueFd tree = sys::clone_tree(directory, path, depth);
    apply_settings(tree, settings);
    return tree;
}

sys::UniqueFd take_tree(const BindSource& source, const BindSettings& settings) {
    if (source.tree) {
        return sys::duplicate(source.tree);
    }
    if (!source.follows_symlink) {
        const sys::UniqueFd itself = sys::open(source.path, O_PATH | O_NOFOLLOW);
        return clone_bind_source(itself, "", source.depth, settings);
    }
    return clone_bind_source(sys::FdRef::cwd(), source.path, source.depth, settings);
}

}  // namespace corun::setup
