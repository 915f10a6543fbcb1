// The mounts of a Plan: options parsed, sources cloned. Parent side; the clones are detached, so
// they vanish with the plan if something fails.
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/idmap_namespace.hpp"
#include "corun/container/plan_builder.hpp"
#include "corun/container/plan_process.hpp"
#include "corun/oci/idmap_text.hpp"
#include "corun/oci/mount_options.hpp"
#include "corun/oci/validate.hpp"
#include "corun/setup/bind_source.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/path.hpp"
#include "corun/sys/uapi.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <utility>

namespace corun::container {

namespace {

/// Superblock flags as fsconfig(2) spells them. "ro" is left to the mount: where the superblock is
/// shared (sysfs, cgroup2) it would change it for all.
constexpr std::array<std::pair<unsigned long, std::string_view>, 4> kSuperblockFlags{{
    {MS_SYNCHRONOUS, "sync"},
    {MS_DIRSYNC, "dirsync"},
    {MS_MANDLOCK, "mand"},
    {1UL << 25U /* MS_LAZYTIME */, "lazytime"},
}};

std::vector<std::string> superblock_flags(const oci::ParsedMountOptions& options, bool is_device) {
    std::vector<std::string> out;
    for (const auto& [flag, word] : kSuperblockFlags) {
        if ((options.superblock_set & flag) != 0) {
            out.emplace_back(word);
        }
    }
    if (is_device && (options.superblock_set & MS_RDONLY) != 0) {
        out.emplace_back("ro");
    }
    return out;
}

sys::MountAttributes to_sys(const oci::MountAttributes& attributes) {
    return {.set = attributes.set, .clear = attributes.clear, .propagation = 0};
}

std::vector<setup::PropagationChange> to_plan(const std::vector<oci::PropagationChange>& changes) {
    std::vector<setup::PropagationChange> out;
    out.reserve(changes.size());
    for (const oci::PropagationChange& change : changes) {
        out.push_back({
            .type = static_cast<std::uint64_t>(change.type),
            .depth = change.recursive ? sys::Depth::recursive : sys::Depth::single,
        });
    }
    return out;
}

bool allows_no_symlinks(const std::string& destination) {
    return destination == "/proc" || destination == "/sys" || destination == "/dev";
}

/// The user namespace whose mappings an idmapped mount takes: its own, else the container's.
sys::UniqueFd idmap_namespace(
    const PlanInput& input, const oci::Mount& mount, const oci::ParsedMountOptions& options
) {
    if (!input.privileges.can_mount) {
        throw Error(
            "idmapped mount (takes CAP_SYS_ADMIN in the user namespace that the file system was "
            "mounted in)",
            EPERM
        );
    }
    const oci::Linux& config = input.spec.linux_;
    if (!options.idmap_mappings.empty()) {
        const oci::IdmapText given = in_context(
            [&] { return concat("idmap=", options.idmap_mappings); },
            [&] {
                return oci::parse_idmap_text(
                    options.idmap_mappings, config.uid_mappings, config.gid_mappings
                );
            }
        );
        return make_idmap_namespace(given.uids, given.gids);
    }
    if (!mount.uid_mappings.empty()) {
        return make_idmap_namespace(mount.uid_mappings, mount.gid_mappings);
    }
    const oci::Namespace* user = oci::find_namespace(config, oci::NamespaceKind::user);
    if (user != nullptr && !user->path.empty()) {
        return sys::open(user->path, O_RDONLY);
    }
    return make_idmap_namespace(config.uid_mappings, config.gid_mappings);
}

std::optional<setup::IdmapPlan> plan_idmap(
    const PlanInput& input, const oci::Mount& mount, const oci::ParsedMountOptions& options
) {
    if (options.idmap == oci::IdmapKind::none && mount.uid_mappings.empty()) {
        return std::nullopt;
    }
    return setup::IdmapPlan{
        .user_namespace = idmap_namespace(input, mount, options),
        .depth =
            options.idmap == oci::IdmapKind::ridmap ? sys::Depth::recursive : sys::Depth::single,
    };
}

/// Where below `rootfs`, as an absolute path in the container; nothing: elsewhere on the host.
std::optional<std::string> path_in_rootfs(const std::string& rootfs, const std::string& path) {
    const std::string clean = sys::clean_absolute(path);
    if (rootfs.empty() || !oci::lies_within(clean, rootfs)) {
        return std::nullopt;
    }
    return sys::clean_absolute(clean.substr(rootfs.size()));
}

void plan_bind(
    const PlanInput& input,
    const setup::Plan& plan,
    const oci::Mount& mount,
    const oci::ParsedMountOptions& options,
    setup::MountPlan& out
) {
    if (!options.data.empty()) {
        throw Error(concat(
            "bind mounts cannot have any filesystem-specific options applied: ", quote(options.data)
        ));
    }
    if (mount.source.empty()) {
        throw Error("a bind mount needs a source");
    }
    out.kind = setup::MountKind::bind;
    out.attributes = to_sys(oci::bind_attributes(options));
    // A user namespace may not undo what the host has set on a mount, though the parent could.
    out.source_flags = {
        .locked = plan.namespaces.has_user_namespace(),
        .named_off = options.attributes.clear,
    };
    out.source.path =
        mount.source.starts_with('/') ? mount.source : concat(input.bundle, "/", mount.source);
    out.source.depth =
        options.bind == oci::BindKind::rbind ? sys::Depth::recursive : sys::Depth::single;
    if (options.copy_symlink) {
        const sys::UniqueFd itself = sys::open(out.source.path, O_PATH | O_NOFOLLOW);
        if (S_ISLNK(sys::fstat(itself).st_mode)) {
            out.kind = setup::MountKind::symlink;
            out.data = sys::readlinkat(itself, "");
            return;
        }
    }
    out.source.follows_symlink = !options.source_nofollow;
    std::optional<setup::IdmapPlan> idmap = plan_idmap(input, mount, options);
    if (std::optional<std::string> inside = path_in_rootfs(plan.rootfs.path, out.source.path)) {
        out.source.in_container = std::move(*inside);
        out.idmap = std::move(idmap);
        return;
    }
    const int nofollow = options.source_nofollow ? O_NOFOLLOW : 0;
    const sys::UniqueFd source = sys::open(out.source.path, O_PATH | nofollow);
    out.source.is_directory = S_ISDIR(sys::fstat(source).st_mode);
    if (!input.privileges.can_mount) {
        return;
    }
    setup::BindSettings settings;
    settings.attributes = out.attributes;
    settings.source_flags = out.source_flags;
    settings.recursive_attributes = out.recursive_attributes;
    settings.propagation = {{.type = plan.rootfs.propagation, .depth = sys::Depth::recursive}};
    settings.propagation.insert(
        settings.propagation.end(), out.propagation.begin(), out.propagation.end()
    );
    if (idmap) {
        settings.idmap =
            setup::MountIdmap{.user_namespace = idmap->user_namespace, .depth = idmap->depth};
    }
    out.source.tree = setup::clone_bind_source(source, "", out.source.depth, settings);
}

/// A user other than root may own the cgroup that the runtime runs in. The container gets its own
/// for writing only; what shows more than that is read-only. (CVE-2023-25809)
void plan_cgroup(const PlanInput& input, setup::MountPlan& out) {
    const oci::Namespace* cgroup =
        oci::find_namespace(input.spec.linux_, oci::NamespaceKind::cgroup);
    const bool shows_own_alone =
        !input.cgroup_directory.empty() && cgroup != nullptr && cgroup->path.empty();
    if (input.privileges.rootless() && !shows_own_alone) {
        out.attributes.set |= MOUNT_ATTR_RDONLY;
        out.attributes.clear &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
    }
    out.kind = setup::MountKind::cgroup;
    out.source = {};
    if (!input.cgroup_directory.empty()) {
        out.substitute = {.path = input.cgroup_directory, .depth = sys::Depth::single};
    }
    out.data.clear();  // v1 controller names, which a cgroup2 mount does not take
}

/// sysfs belongs to the network namespace, and that to a user namespace above the container's.
bool may_not_mount_sysfs(const PlanInput& input, const setup::Plan& plan) {
    return !plan.namespaces.has_new_network() &&
           (plan.namespaces.has_user_namespace() || input.privileges.rootless());
}

void plan_filesystem(
    const PlanInput& input,
    const setup::Plan& plan,
    const oci::Mount& mount,
    const oci::ParsedMountOptions& options,
    setup::MountPlan& out
) {
    if (!mount.uid_mappings.empty() || options.idmap != oci::IdmapKind::none) {
        throw Error("id mappings are supported on bind mounts only");
    }
    out.type = mount.type;
    out.source.path = mount.source;
    out.data = options.data;
    out.superblock_flags = superblock_flags(options, mount.source.starts_with('/'));
    out.copies_up = options.tmpcopyup;
    if (out.copies_up && mount.type != "tmpfs") {
        throw Error("tmpcopyup is for tmpfs only");
    }
    if (mount.type == "cgroup" || mount.type == "cgroup2") {
        plan_cgroup(input, out);
    }
    if (mount.type == "sysfs" && may_not_mount_sysfs(input, plan)) {
        out.substitute = {.path = "/sys", .depth = sys::Depth::recursive};
    }
    if (!input.spec.linux_.mount_label.empty() && mount.type == "tmpfs") {
        const std::string label = concat("context=", input.spec.linux_.mount_label);
        out.data = out.data.empty() ? label : concat(out.data, ",", label);
    }
}

/// What is still to come needs places in it: the device nodes in /dev, later mounts in a tmpfs. As
/// runc.
bool makes_readonly_at_end(
    const oci::Mount& mount, const oci::ParsedMountOptions& options, const std::string& destination
) {
    const bool is_bind = options.bind != oci::BindKind::none || mount.type == "bind";
    return (options.attributes.set & MOUNT_ATTR_RDONLY) != 0 && !is_bind &&
           (destination == "/dev" || (mount.type == "tmpfs" && !options.remount));
}

setup::MountPlan plan_mount(
    const PlanInput& input, const setup::Plan& plan, const oci::Mount& mount
) {
    const oci::ParsedMountOptions options = oci::parse_mount_options(mount.options);
    setup::MountPlan out;
    out.destination = oci::normalized_destination(mount.destination);
    if (std::optional<std::string> inside = path_in_rootfs(plan.rootfs.path, out.destination)) {
        out.destination = std::move(*inside);  // as runc: some name the place as the host does
    }
    out.readonly_at_end = makes_readonly_at_end(mount, options, out.destination);
    out.attributes = to_sys(options.attributes);
    out.recursive_attributes = to_sys(options.recursive_attributes);
    out.propagation = to_plan(options.propagation);
    out.no_symlinks = allows_no_symlinks(out.destination);
    out.covers_symlink = options.destination_nofollow;
    if (options.remount) {
        out.kind = setup::MountKind::remount;
        out.data = options.data;
        out.superblock_flags = superblock_flags(options, false);
        return out;
    }
    if (options.bind != oci::BindKind::none || mount.type == "bind") {
        plan_bind(input, plan, mount, options, out);
    } else {
        plan_filesystem(input, plan, mount, options, out);
    }
    return out;
}

}  // namespace

setup::MountPlan readonly_bind(
    const Privileges& privileges, const std::string& source, const std::string& destination
) {
    setup::MountPlan out;
    out.kind = setup::MountKind::bind;
    out.destination = destination;
    out.source.path = source;
    out.attributes.set =
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    if (privileges.can_mount) {
        setup::BindSettings settings;
        settings.attributes = out.attributes;
        settings.propagation = {{.type = MS_PRIVATE, .depth = sys::Depth::single}};
        out.source.tree =
            setup::clone_bind_source(sys::FdRef::cwd(), source, sys::Depth::single, settings);
    }
    return out;
}

void plan_mounts(const PlanInput& input, setup::Plan& plan) {
    const oci::Spec& spec = input.spec;
    if (!spec.linux_.mount_label.empty() && !is_selinux_enabled()) {
        throw Error("/linux/mountLabel: selinux is disabled or not supported");
    }
    for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
        plan.mounts.push_back(in_context(
            [&] { return concat("/mounts/", i, ": mount ", quote(spec.mounts[i].destination)); },
            [&] { return plan_mount(input, plan, spec.mounts[i]); }
        ));
    }
}

}  // namespace corun::container
