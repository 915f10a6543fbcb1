// Mount option words; config.md#linux-mount-options and mount(8). Pure; runs in the parent.
#include "corun/oci/mount_options.hpp"

#include <sys/mount.h>

#include <algorithm>
#include <array>

namespace corun::oci {
namespace {

// Newer than Debian 12's headers, or in linux/mount.h alone, which clashes with sys/mount.h.
constexpr std::uint64_t kAttrNoSymfollow = 0x00200000;
constexpr std::uint64_t kAttrAtimeField = MOUNT_ATTR__ATIME;

enum class Effect : std::uint8_t {
    none,
    attribute,
    recursive_attribute,
    superblock,
    /// `ro`, `rw`: of the mount and of the file system.
    attribute_and_superblock,
    propagation,
    bind,
    rbind,
    remount,
    tmpcopyup,
    copy_symlink,
    source_nofollow,
    destination_nofollow,
    idmap,
    ridmap,
};

/// `set` is added; `drop` takes back what an earlier word set; `clear` is taken from the mount,
/// which may have it from its source. For propagation, `set` holds MS_* bits.
struct Option {
    std::string_view name;
    Effect effect = Effect::none;
    std::uint64_t set = 0;
    std::uint64_t drop = 0;
    std::uint64_t clear = 0;
};

constexpr Option on(std::string_view name, Effect effect, std::uint64_t bit) {
    return {.name = name, .effect = effect, .set = bit};
}

constexpr Option off(std::string_view name, Effect effect, std::uint64_t bit) {
    return {.name = name, .effect = effect, .drop = bit, .clear = bit};
}

/// The choices of atime are values of one field, and mount_setattr(2) wants it cleared as a whole.
constexpr Option atime(std::string_view name, Effect effect, std::uint64_t value) {
    return {
        .name = name,
        .effect = effect,
        .set = value,
        .drop = kAttrAtimeField,
        .clear = kAttrAtimeField,
    };
}

/// Takes back one choice of atime only. A mount keeps what it has from its source, as mount(2) does
/// when it is told of no choice.
constexpr Option not_atime(std::string_view name, std::uint64_t value) {
    return {.name = name, .effect = Effect::attribute, .drop = value};
}

/// mount_setattr(2) knows no such thing; what remains is the default, relatime.
constexpr Option not_atime_below(std::string_view name, std::uint64_t value) {
    return {
        .name = name,
        .effect = Effect::recursive_attribute,
        .drop = value,
        .clear = kAttrAtimeField,
    };
}

constexpr Option simple(std::string_view name, Effect effect) {
    return {.name = name, .effect = effect};
}

constexpr Option propagate(std::string_view name, Propagation type, bool recursive) {
    return {
        .name = name,
        .effect = Effect::propagation,
        .set = static_cast<std::uint64_t>(type) | (recursive ? std::uint64_t{MS_REC} : 0),
    };
}

using enum Effect;

/// Sorted by name.
constexpr std::array kOptions{
    off("async", superblock, MS_SYNCHRONOUS),
    not_atime("atime", MOUNT_ATTR_NOATIME),
    simple("bind", bind),
    simple("copy-symlink", copy_symlink),
    simple("defaults", none),
    simple("dest-nofollow", destination_nofollow),
    off("dev", attribute, MOUNT_ATTR_NODEV),
    off("diratime", attribute, MOUNT_ATTR_NODIRATIME),
    on("dirsync", superblock, MS_DIRSYNC),
    off("exec", attribute, MOUNT_ATTR_NOEXEC),
    simple("idmap", idmap),
    on("iversion", superblock, MS_I_VERSION),
    on("lazytime", superblock, MS_LAZYTIME),
    off("loud", superblock, MS_SILENT),
    on("mand", superblock, MS_MANDLOCK),
    atime("noatime", attribute, MOUNT_ATTR_NOATIME),
    on("nodev", attribute, MOUNT_ATTR_NODEV),
    on("nodiratime", attribute, MOUNT_ATTR_NODIRATIME),
    on("noexec", attribute, MOUNT_ATTR_NOEXEC),
    off("noiversion", superblock, MS_I_VERSION),
    off("nolazytime", superblock, MS_LAZYTIME),
    off("nomand", superblock, MS_MANDLOCK),
    simple("norelatime", attribute),
    not_atime("nostrictatime", MOUNT_ATTR_STRICTATIME),
    on("nosuid", attribute, MOUNT_ATTR_NOSUID),
    on("nosymfollow", attribute, kAttrNoSymfollow),
    propagate("private", Propagation::private_, false),
    not_atime_below("ratime", MOUNT_ATTR_NOATIME),
    simple("rbind", rbind),
    off("rdev", recursive_attribute, MOUNT_ATTR_NODEV),
    off("rdiratime", recursive_attribute, MOUNT_ATTR_NODIRATIME),
    atime("relatime", attribute, MOUNT_ATTR_RELATIME),
    simple("remount", remount),
    off("rexec", recursive_attribute, MOUNT_ATTR_NOEXEC),
    simple("ridmap", ridmap),
    atime("rnoatime", recursive_attribute, MOUNT_ATTR_NOATIME),
    on("rnodev", recursive_attribute, MOUNT_ATTR_NODEV),
    on("rnodiratime", recursive_attribute, MOUNT_ATTR_NODIRATIME),
    on("rnoexec", recursive_attribute, MOUNT_ATTR_NOEXEC),
    simple("rnorelatime", none),
    not_atime_below("rnostrictatime", MOUNT_ATTR_STRICTATIME),
    on("rnosuid", recursive_attribute, MOUNT_ATTR_NOSUID),
    on("rnosymfollow", recursive_attribute, kAttrNoSymfollow),
    on("ro", attribute_and_superblock, MOUNT_ATTR_RDONLY),
    propagate("rprivate", Propagation::private_, true),
    atime("rrelatime", recursive_attribute, MOUNT_ATTR_RELATIME),
    on("rro", recursive_attribute, MOUNT_ATTR_RDONLY),
    off("rrw", recursive_attribute, MOUNT_ATTR_RDONLY),
    propagate("rshared", Propagation::shared, true),
    propagate("rslave", Propagation::slave, true),
    atime("rstrictatime", recursive_attribute, MOUNT_ATTR_STRICTATIME),
    off("rsuid", recursive_attribute, MOUNT_ATTR_NOSUID),
    off("rsymfollow", recursive_attribute, kAttrNoSymfollow),
    propagate("runbindable", Propagation::unbindable, true),
    off("rw", attribute_and_superblock, MOUNT_ATTR_RDONLY),
    propagate("shared", Propagation::shared, false),
    on("silent", superblock, MS_SILENT),
    propagate("slave", Propagation::slave, false),
    simple("src-nofollow", source_nofollow),
    atime("strictatime", attribute, MOUNT_ATTR_STRICTATIME),
    off("suid", attribute, MOUNT_ATTR_NOSUID),
    off("symfollow", attribute, kAttrNoSymfollow),
    on("sync", superblock, MS_SYNCHRONOUS),
    simple("tmpcopyup", tmpcopyup),
    propagate("unbindable", Propagation::unbindable, false),
};

static_assert(std::ranges::is_sorted(kOptions, {}, &Option::name));
static_assert(MS_RDONLY == MOUNT_ATTR_RDONLY, "one row of the table serves both");

const Option* find_option(std::string_view name) {
    const auto* found = std::ranges::lower_bound(kOptions, name, {}, &Option::name);
    return found != kOptions.end() && found->name == name ? found : nullptr;
}

void change(std::uint64_t& set, std::uint64_t& clear, const Option& option) {
    set = (set & ~option.drop) | option.set;
    clear = (clear & ~option.set) | option.clear;
}

bool is_flag(Effect effect) {
    return effect == attribute || effect == superblock || effect == attribute_and_superblock;
}

PropagationChange propagation_of(const Option& option) {
    return {
        .type = static_cast<Propagation>(option.set & ~std::uint64_t{MS_REC}),
        .recursive = (option.set & MS_REC) != 0,
    };
}

void apply(const Option& option, ParsedMountOptions& out) {
    out.names_flags = out.names_flags || is_flag(option.effect);
    switch (option.effect) {
        case none:
            break;
        case attribute:
            change(out.attributes.set, out.attributes.clear, option);
            break;
        case recursive_attribute:
            change(out.recursive_attributes.set, out.recursive_attributes.clear, option);
            break;
        case superblock:
            change(out.superblock_set, out.superblock_clear, option);
            break;
        case attribute_and_superblock:
            change(out.attributes.set, out.attributes.clear, option);
            change(out.superblock_set, out.superblock_clear, option);
            break;
        case propagation:
            out.propagation.push_back(propagation_of(option));
            break;
        case bind:
            // rbind includes bind, whatever their order.
            out.bind = out.bind == BindKind::rbind ? BindKind::rbind : BindKind::bind;
            break;
        case rbind:
            out.bind = BindKind::rbind;
            break;
        case remount:
            out.remount = true;
            break;
        case tmpcopyup:
            out.tmpcopyup = true;
            break;
        case copy_symlink:
            out.copy_symlink = true;
            break;
        case source_nofollow:
            out.source_nofollow = true;
            break;
        case destination_nofollow:
            out.destination_nofollow = true;
            break;
        case idmap:
            out.idmap = IdmapKind::idmap;
            break;
        case ridmap:
            out.idmap = IdmapKind::ridmap;
            break;
    }
}

/// crun's `idmap=uids=…;gids=…`; the text is for whoever makes the mapping.
bool parse_idmap_with_mappings(std::string_view word, ParsedMountOptions& out) {
    constexpr std::string_view kIdmap = "idmap=";
    constexpr std::string_view kRidmap = "ridmap=";
    if (word.starts_with(kIdmap)) {
        out.idmap = IdmapKind::idmap;
        out.idmap_mappings = word.substr(kIdmap.size());
        return true;
    }
    if (word.starts_with(kRidmap)) {
        out.idmap = IdmapKind::ridmap;
        out.idmap_mappings = word.substr(kRidmap.size());
        return true;
    }
    return false;
}

}  // namespace

ParsedMountOptions parse_mount_options(std::span<const std::string> options) {
    ParsedMountOptions parsed;
    for (const std::string& word : options) {
        if (const Option* option = find_option(word)) {
            apply(*option, parsed);
        } else if (!parse_idmap_with_mappings(word, parsed) && !word.empty()) {
            parsed.data += parsed.data.empty() ? "" : ",";
            parsed.data += word;
        }
    }
    return parsed;
}

MountAttributes bind_attributes(const ParsedMountOptions& options) {
    if (!options.names_flags) {
        return {};
    }
    constexpr std::uint64_t kAlways = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                      MOUNT_ATTR_NOEXEC | kAttrNoSymfollow;
    constexpr std::uint64_t kAtime = kAttrAtimeField | MOUNT_ATTR_NODIRATIME;
    const MountAttributes& named = options.attributes;
    const bool sets_atime = (named.set & kAtime) != 0 || (named.clear & kAttrAtimeField) != 0;
    const std::uint64_t all = kAlways | (sets_atime ? kAtime : 0);
    // The field of atime is cleared also where a value of it is set.
    return {.set = named.set, .clear = all & ~(named.set & ~kAttrAtimeField)};
}

std::vector<std::string_view> known_mount_options() {
    std::vector<std::string_view> names;
    names.reserve(kOptions.size());
    for (const Option& option : kOptions) {
        names.push_back(option.name);
    }
    return names;
}

std::optional<PropagationChange> parse_propagation(std::string_view word) {
    const Option* option = find_option(word);
    if (option == nullptr || option->effect != propagation) {
        return std::nullopt;
    }
    return propagation_of(*option);
}

}  // namespace corun::oci
