// Device nodes, masked and read-only paths of a Plan. Parent side: host nodes are opened here,
// before the container can have touched anything.
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/own_nodes.hpp"
#include "corun/container/plan_builder.hpp"
#include "corun/oci/validate.hpp"
#include "corun/setup/bind_source.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace corun::container {

namespace {

constexpr mode_t kDefaultDeviceMode = 0666;

struct DefaultDevice {
    std::string_view path;
    unsigned major;
    unsigned minor;
};

/// runtime-spec config-linux#default-devices; console and ptmx have steps of their own.
constexpr std::array<DefaultDevice, 6> kDefaultDevices{{
    {"/dev/null", 1, 3},
    {"/dev/zero", 1, 5},
    {"/dev/full", 1, 7},
    {"/dev/random", 1, 8},
    {"/dev/urandom", 1, 9},
    {"/dev/tty", 5, 0},
}};

mode_t file_type(oci::DeviceType type) {
    switch (type) {
        case oci::DeviceType::block:
            return S_IFBLK;
        case oci::DeviceType::character:
            return S_IFCHR;
        case oci::DeviceType::fifo:
            return S_IFIFO;
    }
    return S_IFCHR;
}

setup::DevicePlan to_plan(const oci::Device& device) {
    return {
        .path = oci::normalized_destination(device.path),
        .mode = file_type(device.type) | device.file_mode.value_or(kDefaultDeviceMode),
        .number = makedev(device.major, device.minor),
        .uid = device.uid.value_or(0),
        .gid = device.gid.value_or(0),
        .host_node = {},
    };
}

setup::DevicePlan to_plan(const DefaultDevice& device) {
    return {
        .path = std::string(device.path),
        .mode = S_IFCHR | kDefaultDeviceMode,
        .number = makedev(device.major, device.minor),
        .uid = 0,
        .gid = 0,
        .host_node = {},
    };
}

setup::BindSource host_node(const std::string& path, const Privileges& privileges) {
    setup::BindSource source{
        .path = path, .depth = sys::Depth::single, .is_directory = false, .tree = {}};
    if (privileges.can_mount) {
        setup::BindSettings settings;
        settings.propagation = {{.type = MS_PRIVATE, .depth = sys::Depth::single}};
        source.tree =
            setup::clone_bind_source(sys::FdRef::cwd(), path, sys::Depth::single, settings);
    }
    return source;
}

const oci::Device* find_device(const std::vector<oci::Device>& devices, const std::string& path) {
    const auto last =
        std::find_if(devices.rbegin(), devices.rend(), [&](const oci::Device& device) {
            return oci::normalized_destination(device.path) == path;
        });
    return last == devices.rend() ? nullptr : &*last;
}

/// The host's own node has to do where the document asks for no other.
bool host_has(const setup::DevicePlan& node, const oci::Linux& config) {
    const oci::Device* device = find_device(config.devices, node.path);
    if (device == nullptr) {
        return true;
    }
    const std::optional<struct stat> found = sys::try_fstatat(sys::FdRef::cwd(), node.path, 0);
    return found && is_as_asked(*found, *device, config);
}

setup::BindSource node_to_bind(const setup::DevicePlan& node, const PlanInput& input) {
    const oci::Linux& config = input.spec.linux_;
    if (input.privileges.host_root && !host_has(node, config)) {
        if (std::optional<sys::UniqueFd> tree = try_make_own_node(node, config)) {
            return {
                .path = node.path,
                .depth = sys::Depth::single,
                .is_directory = false,
                .tree = std::move(*tree)};
        }
    }
    return host_node(node.path, input.privileges);
}

/// A /dev bound from the host has its nodes already, and none may be made in it.
bool is_dev_bound(const setup::Plan& plan) {
    return std::any_of(plan.mounts.begin(), plan.mounts.end(), [](const setup::MountPlan& mount) {
        return mount.kind == setup::MountKind::bind && mount.destination == "/dev";
    });
}

}  // namespace

void plan_devices(const PlanInput& input, setup::Plan& plan) {
    setup::DevPlan& out = plan.dev;
    out.populates = !is_dev_bound(plan);
    out.binds_nodes = plan.namespaces.has_user_namespace() || input.privileges.rootless();
    if (!out.populates) {
        return;
    }
    for (const DefaultDevice& device : kDefaultDevices) {
        out.nodes.push_back(to_plan(device));
    }
    for (const oci::Device& device : input.spec.linux_.devices) {
        setup::DevicePlan node = to_plan(device);
        std::erase_if(out.nodes, [&](const setup::DevicePlan& other) {
            return other.path == node.path;  // a configured device replaces the default one
        });
        out.nodes.push_back(std::move(node));
    }
    if (!out.binds_nodes) {
        return;
    }
    for (setup::DevicePlan& node : out.nodes) {
        if (!S_ISFIFO(node.mode)) {
            node.host_node = in_context(
                [&] { return concat("device ", quote(node.path)); },
                [&] { return node_to_bind(node, input); }
            );
        }
    }
}

void plan_masks(const PlanInput& input, setup::Plan& plan) {
    plan.masks.masked = input.spec.linux_.masked_paths;
    plan.masks.readonly = input.spec.linux_.readonly_paths;
    if (plan.masks.masked.empty()) {
        return;
    }
    // The host's node, never the container's: CVE-2025-31133.
    const struct stat status = sys::fstat(sys::open("/dev/null", O_PATH));
    if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3)) {
        throw Error("the host's /dev/null is not the null device", ENODEV);
    }
    plan.masks.null_device = host_node("/dev/null", input.privileges);
}

}  // namespace corun::container
