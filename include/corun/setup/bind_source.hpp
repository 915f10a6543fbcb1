// What a bind mount is made of: a detached clone of a mount tree. The parent clones where it has
// the privileges, in the host's mount namespace; else the child clones from its copy of that
// namespace. Nothing is attached here.
#pragma once

#include "corun/setup/plan.hpp"
#include "corun/sys/fd.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/path.hpp"

#include <optional>
#include <string>
#include <vector>

namespace corun::setup {

/// Mapping of a mount's owners: that of a user namespace. mount_setattr(2), Linux 5.12.
struct MountIdmap {
    sys::FdRef user_namespace;
    sys::Depth depth = sys::Depth::single;
};

/// What a clone is given before anyone sees it, in this order.
struct BindSettings {
    std::optional<MountIdmap> idmap = std::nullopt;
    sys::MountAttributes attributes = {};  // of the mount itself
    SourceFlags source_flags = {};
    sys::MountAttributes recursive_attributes = {};  // of it and those below it
    std::vector<PropagationChange> propagation = {};
};

/// Parent: a detached clone of the tree at `path`, below `directory` (or of `directory` itself when
/// `path` is empty), with `settings` applied. Symlinks in `path` are followed.
///
/// The clone of a shared mount is its peer: mounts made below it would show on the host. Unless
/// that is asked for, `settings.propagation` starts with {RootfsPlan::propagation, recursive}.
[[nodiscard]] sys::UniqueFd clone_bind_source(
    sys::FdRef directory, const std::string& path, sys::Depth depth, const BindSettings& settings
);

/// Child: a clone of `source.in_container` below `root`, without any setting yet.
[[nodiscard]] sys::UniqueFd clone_in_root(const sys::RootDir& root, const BindSource& source);

/// Sets all of `settings` on a detached tree. Flags that the kernel has locked, or that
/// `settings.source_flags` says are, stay as they are; EPERM where that is against what is named.
void apply_settings(sys::FdRef tree, const BindSettings& settings);

/// Child: the tree to attach. The parent's, complete; or, where it made none, a clone of
/// `source.path` that is given `settings`. Can be attached once.
[[nodiscard]] sys::UniqueFd take_tree(const BindSource& source, const BindSettings& settings = {});

}  // namespace corun::setup
