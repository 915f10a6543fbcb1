// What a new tmpfs gets of the directory below it.
#include "corun/setup/tmpcopyup.hpp"

#include "container_tree.hpp"
#include "corun/base/error.hpp"
#include "corun/setup/mounts.hpp"
#include "corun/setup/pivot.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"
#include "forked.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

using namespace corun;
using namespace corun::setup;
using namespace corun::test;

namespace {

Plan plan_of(const ContainerTree& tree) {
    Plan plan = tree.plan();
    plan.mounts.push_back({
        .kind = MountKind::filesystem,
        .destination = "/etc",
        .type = "tmpfs",
        .superblock_flags = {"ro"},
        .attributes = {.set = MOUNT_ATTR_RDONLY},
        .copies_up = true,
        .readonly_at_end = true,
    });
    return plan;
}

}  // namespace

TEST_CASE(
    "tmpcopyup: files, modes and symlinks are copied, then it is sealed" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.file("/etc/conf/a", "text");
    tree.directory("/etc/conf", 0711);
    tree.symlink("/etc/link", "conf/a");

    CHECK(error_of_steps(CLONE_NEWNS, plan_of(tree), [](ChildContext& ctx) {
              make_mounts(ctx);
              expect_equal(read_in(ctx, "/etc/link"), "text");
              expect(
                  (sys::fstat(ctx.root->open("/etc/conf", O_PATH)).st_mode & 0777U) == 0711,
                  "the directory's mode"
              );
              finish_rootfs(ctx);
              expect(mount_options_at(ctx.plan.rootfs.path + "/etc").starts_with("ro"), "ro");
          }) == "");
}

TEST_CASE(
    "tmpcopyup: symlinks to the host are copied as they are, not followed" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.symlink("/etc/file", tree.on_host("victim/canary"));
    tree.symlink("/etc/dir", tree.on_host("victim"));

    CHECK(error_of_steps(CLONE_NEWNS, plan_of(tree), [&](ChildContext& ctx) {
              make_mounts(ctx);
              const sys::UniqueFd etc = ctx.root->open("/etc", O_PATH);
              expect_equal(sys::readlinkat(etc, "dir"), tree.on_host("victim").string());
              expect(!ctx.root->try_open("/etc/file", O_PATH), "a dangling link in the root");
          }) == "");
    CHECK(tree.host_is_untouched());
}

TEST_CASE(
    "tmpcopyup: a fifo is made anew, nobody waits for its writer" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.directory("/etc");
    REQUIRE(::mkfifo(tree.in_rootfs("/etc/fifo").c_str(), 0600) == 0);

    CHECK(error_of_steps(CLONE_NEWNS, plan_of(tree), [](ChildContext& ctx) {
              make_mounts(ctx);
              expect(S_ISFIFO(sys::fstat(ctx.root->open("/etc/fifo", O_PATH)).st_mode), "a fifo");
          }) == "");
}

TEST_CASE("tmpcopyup: owners and file capabilities are kept" * needs_privilege(Privilege::root)) {
    const ContainerTree tree;
    tree.file("/etc/tool");
    const sys::UniqueFd tool = sys::open(tree.in_rootfs("/etc/tool"), O_RDWR);
    sys::fchownat(tool, "", 12, 34, AT_EMPTY_PATH);
    sys::fchmod(tool, 04755);
    // vfs_cap_data revision 2: CAP_CHOWN, permitted and effective.
    const std::string capability("\x01\x00\x00\x02\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    sys::set_extended_attribute(tool, "security.capability", capability);

    CHECK(error_of_steps(CLONE_NEWNS, plan_of(tree), [&](ChildContext& ctx) {
              make_mounts(ctx);
              const sys::UniqueFd copy = ctx.root->open("/etc/tool", O_RDONLY);
              const struct stat status = sys::fstat(copy);
              expect(status.st_uid == 12 && status.st_gid == 34, "the owner");
              expect((status.st_mode & 07777U) == 04755, "the set-id bit");
              expect_equal(sys::get_extended_attribute(copy, "security.capability"), capability);
          }) == "");
}

TEST_CASE(
    "tmpcopyup: a tree without a bottom is an error, not a crash" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    std::string path = "/etc";
    for (int level = 0; level < 80; ++level) {
        path += "/d";
    }
    tree.directory(path);

    const std::string error = error_of_steps(CLONE_NEWNS, plan_of(tree), make_mounts);
    CHECK(error.starts_with("mount '/etc': copy up: 'd': 'd': "));
    CHECK(error.ends_with("'d': directories are nested deeper than 64 levels"));
}
