// The external mounts of a dump. Parent side; the container runs and may change its mounts and
// paths, so each is looked up below its root and known by its mount id.
#include "corun/container/dumped_mounts.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/oci/mount_options.hpp"
#include "corun/oci/validate.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdint>
#include <map>
#include <optional>

namespace corun::container {

namespace {

bool is_bind(const oci::Mount& mount) {
    const oci::ParsedMountOptions options = oci::parse_mount_options(mount.options);
    return !options.remount && (options.bind != oci::BindKind::none || mount.type == "bind");
}

class ExternalMounts {
public:
    ExternalMounts(const sys::RootDir& root, const std::vector<MountEntry>& mounts)
        : root_(root), mounts_(mounts) {}

    /// The mount that `destination` leads to. Nothing to do if the container has unmounted it.
    void add_destination(const std::string& destination) {
        const std::optional<sys::UniqueFd> object = root_.try_open(destination, O_PATH);
        if (!object) {
            return;
        }
        const sys::MountPosition position = sys::mount_position(*object);
        const MountEntry* entry = find_mount(mounts_, position.mount_id);
        if (entry == nullptr || !position.is_root || entry->mount_point == "/") {
            return;
        }
        claim(*entry, destination);
    }

    /// Nodes of the host's that are bound one by one, and what masks files.
    void add_nodes() {
        for (const MountEntry& entry : mounts_) {
            if (names_.contains(entry.id)) {
                continue;
            }
            const std::optional<dev_t> device = device_at(entry);
            if (!device || is_terminal(*device)) {
                continue;
            }
            if (*device == makedev(1, 3)) {
                claim(entry, kMaskName);
            } else if (entry.mount_point.starts_with("/dev/")) {
                claim(entry, entry.mount_point);
            }
        }
    }

    [[nodiscard]] std::vector<CriuName> list() const {
        std::vector<CriuName> names;
        for (const MountEntry& entry : mounts_) {
            const auto found = names_.find(entry.id);
            if (found != names_.end()) {
                names.push_back({.key = entry.mount_point, .value = found->second});
            }
        }
        return names;
    }

private:
    void claim(const MountEntry& entry, const std::string& name) {
        check_external_name(entry.mount_point);
        check_external_name(name);
        const auto [place, is_new] = names_.emplace(entry.id, name);
        if (!is_new && place->second != name) {
            throw Error(concat(
                quote(place->second),
                " and ",
                quote(name),
                " lead to the same mount, ",
                quote(entry.mount_point),
                ": it has no unique name"
            ));
        }
    }

    /// Nothing if it is none, or if another mount covers it.
    [[nodiscard]] std::optional<dev_t> device_at(const MountEntry& entry) const {
        const std::optional<sys::UniqueFd> object =
            root_.try_open_without_symlinks(entry.mount_point, O_PATH);
        if (!object || sys::mount_position(*object).mount_id != entry.id) {
            return std::nullopt;
        }
        const struct stat status = sys::fstat(*object);
        const bool is_node = S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
        return is_node ? std::optional(status.st_rdev) : std::nullopt;
    }

    /// /dev/console: a bind of the container's own devpts, which criu knows how to make again.
    static bool is_terminal(dev_t device) {
        constexpr unsigned kFirstPtsMajor = 136;
        constexpr unsigned kLastPtsMajor = 143;
        return major(device) >= kFirstPtsMajor && major(device) <= kLastPtsMajor;
    }

    const sys::RootDir& root_;
    const std::vector<MountEntry>& mounts_;
    std::map<std::uint64_t, std::string> names_;  // by mount id
};

}  // namespace

void check_external_name(const std::string& text) {
    if (text.find("]:") != std::string::npos) {
        throw Error(concat("mount ", quote(text), ": criu cannot take \"]:\" in a path"));
    }
}

std::vector<CriuName> dumped_external_mounts(
    const oci::Spec& spec,
    const sys::RootDir& root,
    const std::vector<MountEntry>& mounts,
    const std::vector<std::string>& own_mounts
) {
    ExternalMounts external(root, mounts);
    for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
        if (!is_bind(spec.mounts[i])) {
            continue;
        }
        const std::string destination = oci::normalized_destination(spec.mounts[i].destination);
        in_context(
            [&] { return concat("/mounts/", i); },
            [&] {
                if (destination == kMaskName) {
                    throw Error("a bind mount on /dev/null cannot be told from what masks files");
                }
                external.add_destination(destination);
            }
        );
    }
    for (const std::string& destination : own_mounts) {
        external.add_destination(destination);
    }
    external.add_nodes();
    return external.list();
}

}  // namespace corun::container
