// The meaning of the words in `mounts[].options`: one table for the parser and for features.json.
// Pure; runs in the parent. The child gets the numbers, never the words.
#pragma once

#include "corun/oci/spec.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corun::oci {

/// Attributes to change with mount_setattr(2): MOUNT_ATTR_* bits. The later of two options wins; no
/// bit is in both, except that a choice of atime clears the whole field MOUNT_ATTR__ATIME and
/// sets one value of it.
struct MountAttributes {
    std::uint64_t set = 0;
    std::uint64_t clear = 0;

    bool operator==(const MountAttributes&) const = default;
};

enum class BindKind : std::uint8_t {
    none,
    bind,
    rbind,
};

enum class IdmapKind : std::uint8_t {
    none,
    idmap,
    ridmap,
};

/// What a list of mount options means.
struct ParsedMountOptions {
    BindKind bind = BindKind::none;
    bool remount = false;
    /// Of the mount itself.
    MountAttributes attributes;
    /// A flag of the mount or of the file system is named, be it one that is off anyway.
    bool names_flags = false;
    /// Of the mount and all below it (`rro`, `rnosuid`, …); Linux 5.12.
    MountAttributes recursive_attributes;
    /// Of the file system: MS_RDONLY, MS_SYNCHRONOUS, MS_DIRSYNC, MS_MANDLOCK, MS_SILENT,
    /// MS_I_VERSION, MS_LAZYTIME. `ro` is here and in `attributes`; a bind mount uses the latter.
    std::uint64_t superblock_set = 0;
    std::uint64_t superblock_clear = 0;
    /// In the order given; each is applied by a call of its own.
    std::vector<PropagationChange> propagation;
    bool tmpcopyup = false;
    /// crun's `copy-symlink`: a symlink as source is made again, not followed.
    bool copy_symlink = false;
    bool source_nofollow = false;
    bool destination_nofollow = false;
    IdmapKind idmap = IdmapKind::none;
    /// The text behind `idmap=` or `ridmap=` (crun's), or empty.
    std::string idmap_mappings;
    /// Everything else, joined with ','; for the file system (fsconfig(2)).
    std::string data;

    bool operator==(const ParsedMountOptions&) const = default;
};

/// Never fails: a word that is not in the table is data for the file system.
[[nodiscard]] ParsedMountOptions parse_mount_options(std::span<const std::string> options);

/// What the options of a bind mount make of its own flags. Where none is named, it has its
/// source's; where one is, all are as the options say (rw, suid, dev, exec, symfollow unless
/// named), except that atime's stay the source's until one of them is set. As `mount --bind -o`
/// does, runc, crun.
[[nodiscard]] MountAttributes bind_attributes(const ParsedMountOptions& options);

/// Every option the table knows, sorted; `mountOptions` of features.json.
[[nodiscard]] std::vector<std::string_view> known_mount_options();

/// `rshared` is {shared, recursive}; nothing if it is no word for propagation.
[[nodiscard]] std::optional<PropagationChange> parse_propagation(std::string_view word);

}  // namespace corun::oci
