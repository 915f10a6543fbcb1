// The root file system of a Plan. Parent side; the tree is cloned here, so that the child attaches
// what was looked at and nothing else.
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/plan_builder.hpp"
#include "corun/setup/bind_source.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace corun::container {

namespace {

/// What every mount of the host becomes in the container's mount namespace: by default a slave, so
/// that the host's later mounts arrive and the container's do not leave (as runc).
std::uint64_t inherited_propagation(const oci::Linux& config) {
    if (!config.rootfs_propagation) {
        return MS_SLAVE;
    }
    switch (config.rootfs_propagation->type) {
        case oci::Propagation::shared:
            return MS_SHARED;
        case oci::Propagation::private_:
        case oci::Propagation::unbindable:
            return MS_PRIVATE;
        case oci::Propagation::slave:
            return MS_SLAVE;
    }
    return MS_SLAVE;
}

std::uint64_t final_propagation(const oci::Linux& config) {
    if (!config.rootfs_propagation) {
        return 0;
    }
    return static_cast<std::uint64_t>(config.rootfs_propagation->type);
}

}  // namespace

std::string rootfs_path(const oci::Spec& spec, const std::string& bundle) {
    const std::string given =
        spec.root.path.starts_with('/') ? spec.root.path : concat(bundle, "/", spec.root.path);
    return in_context(
        [&] { return concat("/root/path: ", quote(spec.root.path)); },
        [&] {
            std::string path = sys::real_path(given);
            if (!S_ISDIR(sys::fstat(sys::open(path, O_PATH)).st_mode)) {
                throw Error("not a directory", ENOTDIR);
            }
            if (path == "/") {
                throw Error("the host's root cannot be a container's", EINVAL);
            }
            return path;
        }
    );
}

void plan_rootfs(const PlanInput& input, setup::Plan& plan) {
    const oci::Linux& config = input.spec.linux_;
    setup::RootfsPlan& out = plan.rootfs;
    out.path = input.rootfs.empty() ? rootfs_path(input.spec, input.bundle) : input.rootfs;
    out.readonly = input.spec.root.readonly;
    out.source = {
        .path = out.path, .depth = sys::Depth::recursive, .is_directory = true, .tree = {}};
    if (!plan.namespaces.creates(CLONE_NEWNS) && !plan.namespaces.joins(CLONE_NEWNS)) {
        if (!input.spec.mounts.empty()) {
            throw Error("/mounts: needs a mount namespace in /linux/namespaces");
        }
        out.root_switch = setup::RootSwitch::chroot;
        return;
    }
    out.root_switch = input.no_pivot ? setup::RootSwitch::move : setup::RootSwitch::pivot;
    out.propagation = inherited_propagation(config);
    out.final_propagation = final_propagation(config);
    if (input.privileges.can_mount) {
        setup::BindSettings settings;
        settings.propagation = {{.type = out.propagation, .depth = sys::Depth::recursive}};
        out.source.tree =
            setup::clone_bind_source(sys::FdRef::cwd(), out.path, sys::Depth::recursive, settings);
    }
}

}  // namespace corun::container
