// What each mount option word does, alone and after others.
#include "corun/oci/mount_options.hpp"

#include <doctest/doctest.h>

#include <sys/mount.h>

#include <algorithm>
#include <initializer_list>

using namespace corun::oci;

namespace {

constexpr std::uint64_t kAtime = 0x70;

struct Row {
    std::string word;
    std::uint64_t set;
    std::uint64_t clear;
};

ParsedMountOptions parse(std::initializer_list<std::string> words) {
    const std::vector<std::string> options(words);
    return parse_mount_options(options);
}

}  // namespace

TEST_CASE("mount options: attributes of the mount") {
    const std::vector<Row> rows{
        {"nosuid", MOUNT_ATTR_NOSUID, 0},
        {"suid", 0, MOUNT_ATTR_NOSUID},
        {"nodev", MOUNT_ATTR_NODEV, 0},
        {"dev", 0, MOUNT_ATTR_NODEV},
        {"noexec", MOUNT_ATTR_NOEXEC, 0},
        {"exec", 0, MOUNT_ATTR_NOEXEC},
        {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
        {"diratime", 0, MOUNT_ATTR_NODIRATIME},
        {"noatime", MOUNT_ATTR_NOATIME, kAtime},
        {"atime", 0, 0},
        {"relatime", 0, kAtime},
        {"norelatime", 0, 0},
        {"strictatime", MOUNT_ATTR_STRICTATIME, kAtime},
        {"nostrictatime", 0, 0},
        {"nosymfollow", 0x200000, 0},
        {"symfollow", 0, 0x200000},
    };
    for (const Row& row : rows) {
        CAPTURE(row.word);
        ParsedMountOptions expected;
        expected.attributes = {.set = row.set, .clear = row.clear};
        expected.names_flags = true;
        CHECK(parse({row.word}) == expected);
    }
}

TEST_CASE("mount options: with an r they are of all mounts below too") {
    const std::vector<Row> rows{
        {"rnosuid", MOUNT_ATTR_NOSUID, 0},
        {"rsuid", 0, MOUNT_ATTR_NOSUID},
        {"rnodev", MOUNT_ATTR_NODEV, 0},
        {"rdev", 0, MOUNT_ATTR_NODEV},
        {"rnoexec", MOUNT_ATTR_NOEXEC, 0},
        {"rexec", 0, MOUNT_ATTR_NOEXEC},
        {"rnodiratime", MOUNT_ATTR_NODIRATIME, 0},
        {"rdiratime", 0, MOUNT_ATTR_NODIRATIME},
        {"rnoatime", MOUNT_ATTR_NOATIME, kAtime},
        {"ratime", 0, kAtime},
        {"rrelatime", 0, kAtime},
        {"rnorelatime", 0, 0},
        {"rstrictatime", MOUNT_ATTR_STRICTATIME, kAtime},
        {"rnostrictatime", 0, kAtime},
        {"rnosymfollow", 0x200000, 0},
        {"rsymfollow", 0, 0x200000},
    };
    for (const Row& row : rows) {
        CAPTURE(row.word);
        ParsedMountOptions expected;
        expected.recursive_attributes = {.set = row.set, .clear = row.clear};
        CHECK(parse({row.word}) == expected);
    }
    CHECK(parse({"rro"}).recursive_attributes == MountAttributes{.set = 1, .clear = 0});
    CHECK(parse({"rrw"}).recursive_attributes == MountAttributes{.set = 0, .clear = 1});
}

TEST_CASE("mount options: attributes of the file system") {
    const std::vector<Row> rows{
        {"sync", MS_SYNCHRONOUS, 0},
        {"async", 0, MS_SYNCHRONOUS},
        {"dirsync", MS_DIRSYNC, 0},
        {"mand", MS_MANDLOCK, 0},
        {"nomand", 0, MS_MANDLOCK},
        {"silent", MS_SILENT, 0},
        {"loud", 0, MS_SILENT},
        {"iversion", MS_I_VERSION, 0},
        {"noiversion", 0, MS_I_VERSION},
        {"lazytime", MS_LAZYTIME, 0},
        {"nolazytime", 0, MS_LAZYTIME},
        {"defaults", 0, 0},
    };
    for (const Row& row : rows) {
        CAPTURE(row.word);
        ParsedMountOptions expected;
        expected.superblock_set = row.set;
        expected.superblock_clear = row.clear;
        expected.names_flags = row.word != "defaults";
        CHECK(parse({row.word}) == expected);
    }
}

TEST_CASE("mount options: a bind mount of which no flag is named keeps its source's") {
    CHECK(bind_attributes(parse({"rbind", "rprivate", "rro", "defaults"})) == MountAttributes{});
}

TEST_CASE("mount options: naming one flag of a bind mount sets all but atime's") {
    constexpr std::uint64_t kAll =
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | 0x200000;
    for (const char* word : {"rw", "dev", "diratime", "atime", "norelatime", "sync", "async"}) {
        CAPTURE(word);
        CHECK(bind_attributes(parse({word})) == MountAttributes{.set = 0, .clear = kAll});
    }
    CHECK(
        bind_attributes(parse({"ro", "nodev"})) ==
        MountAttributes{
            .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV,
            .clear = kAll & ~std::uint64_t{MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV},
        }
    );
}

TEST_CASE("mount options: setting one of a bind mount's atime flags sets them all") {
    const auto atime_of = [](std::initializer_list<std::string> words) {
        const MountAttributes all = bind_attributes(parse(words));
        constexpr std::uint64_t kFlags = kAtime | MOUNT_ATTR_NODIRATIME;
        return MountAttributes{.set = all.set & kFlags, .clear = all.clear & kFlags};
    };

    CHECK(
        atime_of({"noatime"}) ==
        MountAttributes{.set = MOUNT_ATTR_NOATIME, .clear = kAtime | MOUNT_ATTR_NODIRATIME}
    );
    CHECK(
        atime_of({"relatime"}) == MountAttributes{.set = 0, .clear = kAtime | MOUNT_ATTR_NODIRATIME}
    );
    // As mount(2): relatime, unless another is named.
    CHECK(
        atime_of({"nodiratime"}) == MountAttributes{.set = MOUNT_ATTR_NODIRATIME, .clear = kAtime}
    );
    CHECK(
        atime_of({"nodiratime", "strictatime"}) ==
        MountAttributes{.set = MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_STRICTATIME, .clear = kAtime}
    );
}

TEST_CASE("mount options: ro is of the mount and of the file system") {
    const ParsedMountOptions ro = parse({"ro"});
    CHECK(ro.attributes.set == MOUNT_ATTR_RDONLY);
    CHECK(ro.superblock_set == MS_RDONLY);

    const ParsedMountOptions rw = parse({"ro", "rw"});
    CHECK(rw.attributes == MountAttributes{.set = 0, .clear = MOUNT_ATTR_RDONLY});
    CHECK(rw.superblock_set == 0);
    CHECK(rw.superblock_clear == MS_RDONLY);
}

TEST_CASE("mount options: the later of two words wins") {
    CHECK(parse({"suid", "nosuid"}) == parse({"nosuid"}));
    CHECK(parse({"nosuid", "suid"}) == parse({"suid"}));
    CHECK(parse({"noatime", "strictatime"}) == parse({"strictatime"}));
    CHECK(parse({"noatime", "relatime"}) == parse({"relatime"}));
    // "atime" takes noatime back, which leaves the default, and no other choice.
    CHECK(parse({"noatime", "atime"}) == parse({"relatime"}));
    CHECK(parse({"strictatime", "atime"}) == parse({"strictatime"}));
    CHECK(parse({"sync", "async"}) == parse({"async"}));
}

TEST_CASE("mount options: rbind includes bind in either order") {
    CHECK(parse({"bind"}).bind == BindKind::bind);
    CHECK(parse({"rbind"}).bind == BindKind::rbind);
    CHECK(parse({"bind", "rbind"}).bind == BindKind::rbind);
    CHECK(parse({"rbind", "bind"}).bind == BindKind::rbind);
}

TEST_CASE("mount options: propagation is kept in order") {
    const std::vector<PropagationChange> expected{
        {.type = Propagation::slave, .recursive = true},
        {.type = Propagation::shared, .recursive = false},
    };
    CHECK(parse({"rslave", "shared"}).propagation == expected);
    CHECK(
        parse_propagation("runbindable") ==
        PropagationChange{.type = Propagation::unbindable, .recursive = true}
    );
    CHECK(
        parse_propagation("private") ==
        PropagationChange{.type = Propagation::private_, .recursive = false}
    );
    CHECK_FALSE(parse_propagation("bind").has_value());
    CHECK(static_cast<unsigned long>(Propagation::shared) == MS_SHARED);
    CHECK(static_cast<unsigned long>(Propagation::slave) == MS_SLAVE);
    CHECK(static_cast<unsigned long>(Propagation::private_) == MS_PRIVATE);
    CHECK(static_cast<unsigned long>(Propagation::unbindable) == MS_UNBINDABLE);
}

TEST_CASE("mount options: extensions") {
    CHECK(parse({"tmpcopyup"}).tmpcopyup);
    CHECK(parse({"copy-symlink"}).copy_symlink);
    CHECK(parse({"src-nofollow"}).source_nofollow);
    CHECK(parse({"dest-nofollow"}).destination_nofollow);
    CHECK(parse({"remount"}).remount);
    CHECK(parse({"idmap"}).idmap == IdmapKind::idmap);
    CHECK(parse({"ridmap"}).idmap == IdmapKind::ridmap);
    const ParsedMountOptions mapped = parse({"idmap=uids=0-1-10;gids=0-1-10"});
    CHECK(mapped.idmap == IdmapKind::idmap);
    CHECK(mapped.idmap_mappings == "uids=0-1-10;gids=0-1-10");
    CHECK(mapped.data.empty());
    CHECK(parse({"ridmap=x"}).idmap == IdmapKind::ridmap);
}

TEST_CASE("mount options: what is not in the table goes to the file system, in order") {
    CHECK(
        parse({"mode=755", "ro", "size=65536k", "", "newinstance"}).data ==
        "mode=755,size=65536k,newinstance"
    );
    CHECK(parse({"RO"}).data == "RO");
}

TEST_CASE("mount options: the list for features.json is sorted and has what the spec demands") {
    const std::vector<std::string_view> known = known_mount_options();

    CHECK(std::is_sorted(known.begin(), known.end()));
    for (const char* must : {"async",      "atime",      "bind",       "defaults",      "dev",
                             "diratime",   "dirsync",    "exec",       "iversion",      "lazytime",
                             "loud",       "noatime",    "nodev",      "nodiratime",    "noexec",
                             "noiversion", "nolazytime", "norelatime", "nostrictatime", "nosuid",
                             "private",    "rbind",      "relatime",   "remount",       "ro",
                             "rprivate",   "rshared",    "rslave",     "runbindable",   "rw",
                             "shared",     "silent",     "slave",      "strictatime",   "suid",
                             "sync",       "unbindable", "rro",        "rnosymfollow",  "idmap",
                             "ridmap",     "tmpcopyup"}) {
        CAPTURE(must);
        CHECK(std::binary_search(known.begin(), known.end(), std::string_view(must)));
    }
}
