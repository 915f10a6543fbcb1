// Sources and verification of a restore's mounts. Parent side.
#include "corun/container/restored_mounts.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/container/dumped_mounts.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace corun::container {

namespace {

bool is_below(std::string_view path, std::string_view top) {
    return path.starts_with(top) &&
           (top == "/" || path.size() == top.size() || path[top.size()] == '/');
}

FileIdentity identity_of(sys::FdRef fd) {
    const struct stat status = sys::fstat(fd);
    return {.device = status.st_dev, .inode = status.st_ino};
}

/// The last of the mounts before `index` that a destination lies on; null: the rootfs.
const setup::MountPlan* mount_below(const setup::Plan& plan, std::size_t index) {
    const setup::MountPlan* found = nullptr;
    for (std::size_t i = 0; i < index; ++i) {
        const setup::MountPlan& candidate = plan.mounts[i];
        if (candidate.kind != setup::MountKind::remount &&
            is_below(plan.mounts[index].destination, candidate.destination)) {
            found = &candidate;
        }
    }
    return found;
}

void ensure_mount_point(const sys::RootDir& root, const std::string& path, bool is_directory) {
    if (is_directory) {
        (void)root.ensure_directory(path);  // its descriptor is not needed
    } else {
        (void)root.ensure_file(path);  // nor here
    }
}

bool shows_directory(const setup::MountPlan& mount) {
    return mount.kind != setup::MountKind::bind || mount.source.is_directory;
}

/// Where two binds have one destination the later one is seen.
bool is_covered(const setup::Plan& plan, std::size_t index) {
    for (std::size_t i = index + 1; i < plan.mounts.size(); ++i) {
        if (plan.mounts[i].destination == plan.mounts[index].destination &&
            plan.mounts[i].kind != setup::MountKind::remount) {
            return true;
        }
    }
    return false;
}

/// A tree of one of the host's file systems that the container may see.
struct Visible {
    std::string device;
    std::string root;
    bool readonly = false;
};

class Verification {
public:
    Verification(const sys::RootDir& root, const std::vector<MountEntry>& mounts)
        : root_(root), mounts_(mounts) {}

    void expect(const ExpectedMount& expected) {
        const sys::UniqueFd object = root_.open(expected.destination, O_PATH);
        const sys::MountPosition position = sys::mount_position(object);
        const MountEntry* entry = find_mount(mounts_, position.mount_id);
        if (entry == nullptr || !position.is_root) {
            throw Error("is no mount");
        }
        if (identity_of(object) != expected.identity) {
            throw Error(concat("shows ", quote(entry->root), ", not its source"));
        }
        if (expected.readonly && !entry->readonly) {
            throw Error("is writable, and must not be");
        }
        visible_.push_back(
            {.device = entry->device, .root = entry->root, .readonly = expected.readonly}
        );
    }

    /// What shares a file system with an expected mount shows a part of one, and is no more
    /// writable.
    void refuse_others() const {
        for (const MountEntry& entry : mounts_) {
            if (is_foreign(entry) && !is_null_device(entry)) {
                throw Error(concat(
                    "the images have a mount on ",
                    quote(entry.mount_point),
                    " that shows ",
                    quote(entry.root),
                    " of device ",
                    entry.device,
                    entry.readonly ? "" : ", writable",
                    ": the document has none such"
                ));
            }
        }
    }

private:
    [[nodiscard]] bool is_foreign(const MountEntry& entry) const {
        bool shares_device = false;
        for (const Visible& visible : visible_) {
            if (visible.device != entry.device) {
                continue;
            }
            shares_device = true;
            if (is_below(entry.root, visible.root) && (entry.readonly || !visible.readonly)) {
                return false;
            }
        }
        return shares_device;
    }

    /// The masks'.
    [[nodiscard]] bool is_null_device(const MountEntry& entry) const {
        const std::optional<sys::UniqueFd> object =
            root_.try_open_without_symlinks(entry.mount_point, O_PATH);
        if (!object || sys::mount_position(*object).mount_id != entry.id) {
            return false;
        }
        const struct stat status = sys::fstat(*object);
        return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
    }

    const sys::RootDir& root_;
    const std::vector<MountEntry>& mounts_;
    std::vector<Visible> visible_;
};

}  // namespace

void ensure_mount_points(const setup::Plan& plan) {
    const sys::ScopedUmask umask(0);
    const sys::RootDir rootfs(sys::open(plan.rootfs.path, O_PATH | O_DIRECTORY));
    for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
        const setup::MountPlan& mount = plan.mounts[i];
        const setup::MountPlan* below = mount_below(plan, i);
        if (mount.kind == setup::MountKind::remount ||
            (below != nullptr && below->kind != setup::MountKind::bind)) {
            continue;
        }
        in_context(
            [&] { return concat("mount point ", quote(mount.destination)); },
            [&] {
                if (below == nullptr) {
                    ensure_mount_point(rootfs, mount.destination, shows_directory(mount));
                    return;
                }
                const std::string rest = mount.destination.substr(below->destination.size());
                if (!rest.empty()) {
                    const sys::RootDir tree(sys::duplicate(below->source.tree));
                    ensure_mount_point(tree, rest, shows_directory(mount));
                }
            }
        );
    }
}

std::vector<StagedMount> restored_sources(const setup::Plan& plan) {
    std::vector<StagedMount> sources;
    const auto add = [&](const std::string& name, const setup::BindSource& source) {
        check_external_name(name);
        sources.push_back({.name = name, .tree = source.tree, .is_directory = source.is_directory});
    };
    for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
        if (plan.mounts[i].kind == setup::MountKind::bind && !is_covered(plan, i)) {
            add(plan.mounts[i].destination, plan.mounts[i].source);
        }
    }
    for (const setup::DevicePlan& node : plan.dev.nodes) {
        if (node.host_node.tree && node.path != kMaskName) {
            add(node.path, node.host_node);
        }
    }
    if (plan.masks.null_device.tree) {
        add(kMaskName, plan.masks.null_device);
    } else {
        for (const setup::DevicePlan& node : plan.dev.nodes) {
            if (node.host_node.tree && node.path == kMaskName) {
                add(kMaskName, node.host_node);
            }
        }
    }
    return sources;
}

std::vector<ExpectedMount> expected_mounts(const setup::Plan& plan) {
    std::vector<ExpectedMount> expected;
    expected.push_back({
        .destination = "/",
        .identity = identity_of(plan.rootfs.source.tree),
        .readonly = plan.rootfs.readonly,
    });
    for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
        const setup::MountPlan& mount = plan.mounts[i];
        if (mount.kind == setup::MountKind::bind && !is_covered(plan, i)) {
            expected.push_back({
                .destination = mount.destination,
                .identity = identity_of(mount.source.tree),
                .readonly = sys::is_read_only(mount.source.tree),
            });
        }
    }
    return expected;
}

void verify_restored_mounts(
    const sys::RootDir& root,
    const std::vector<MountEntry>& mounts,
    const std::vector<ExpectedMount>& expected
) {
    Verification verification(root, mounts);
    for (const ExpectedMount& mount : expected) {
        in_context(
            [&] { return concat("restored mount ", quote(mount.destination)); },
            [&] { verification.expect(mount); }
        );
    }
    verification.refuse_others();
}

}  // namespace corun::container
