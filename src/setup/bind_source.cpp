// Clones of mount trees. Parent (host's privileges) or child (before the root switch); attaches
// nothing.
#include "corun/setup/bind_source.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

namespace corun::setup {

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
    if (!settings.recursive_attributes.empty()) {
        sys::mount_setattr(tree, settings.recursive_attributes, sys::Depth::recursive);
    }
    if (!settings.attributes.empty()) {
        sys::mount_setattr(tree, settings.attributes, sys::Depth::single);
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
