// Device nodes of the container's own, made by the host. Parent side.
#include "corun/container/own_nodes.hpp"

#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/own_tree.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sys/sysmacros.h>

namespace corun::container {

namespace {

constexpr mode_t kPermissions = 07777U;
constexpr const char* kName = "node";

/// In the initial user namespace, so that the node can be opened.
sys::UniqueFd new_file_system() {
    sys::FilesystemContext context("tmpfs");
    context.create();
    return context.mount(MOUNT_ATTR_NOSUID);
}

bool has_owner(
    std::uint32_t found,
    const std::optional<std::uint32_t>& asked,
    const std::vector<oci::IdMapping>& mappings
) {
    return !asked || host_id(mappings, *asked) == found;
}

}  // namespace

std::optional<std::uint32_t> host_id(
    const std::vector<oci::IdMapping>& mappings, std::uint32_t id
) {
    for (const oci::IdMapping& mapping : mappings) {
        if (id >= mapping.container_id && id - mapping.container_id < mapping.size) {
            return mapping.host_id + (id - mapping.container_id);
        }
    }
    return std::nullopt;
}

bool is_as_asked(const struct stat& found, const oci::Device& device, const oci::Linux& config) {
    const mode_t type = device.type == oci::DeviceType::block ? S_IFBLK : S_IFCHR;
    return (found.st_mode & S_IFMT) == type &&
           found.st_rdev == makedev(device.major, device.minor) &&
           (!device.file_mode || (found.st_mode & kPermissions) == *device.file_mode) &&
           has_owner(found.st_uid, device.uid, config.uid_mappings) &&
           has_owner(found.st_gid, device.gid, config.gid_mappings);
}

std::optional<sys::UniqueFd> try_make_own_node(
    const setup::DevicePlan& node, const oci::Linux& config
) {
    const std::optional<std::uint32_t> uid = host_id(config.uid_mappings, node.uid);
    const std::optional<std::uint32_t> gid = host_id(config.gid_mappings, node.gid);
    if (!uid || !gid) {
        return std::nullopt;
    }
    const sys::UniqueFd file_system = new_file_system();
    const sys::ScopedUmask umask(0);
    // Its directory is new and nobody else's: nothing is there already.
    (void)sys::try_mknodat(file_system, kName, node.mode, node.number);
    sys::fchownat(file_system, kName, *uid, *gid, AT_SYMLINK_NOFOLLOW);
    return sys::clone_own_tree(file_system, kName);
}

}  // namespace corun::container
