// What the container shall not read or write, on hostile trees.
#include "corun/setup/masks.hpp"

#include "container_tree.hpp"
#include "corun/base/error.hpp"
#include "corun/setup/pivot.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "forked.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

using namespace corun;
using namespace corun::setup;
using namespace corun::test;

namespace {

Plan plan_of(const ContainerTree& tree) {
    Plan plan = tree.plan();
    plan.masks.null_device = {.path = "/dev/null", .is_directory = false};
    return plan;
}

std::string error_of_masks(
    const Plan& plan,
    std::uint64_t namespaces = CLONE_NEWNS,
    const std::function<void(ChildContext&)>& check = [](ChildContext&) {}
) {
    return error_of_steps(namespaces, plan, [&](ChildContext& ctx) {
        take_null_device(ctx);
        switch_root(ctx);
        make_paths_readonly(ctx);
        mask_paths(ctx);
        check(ctx);
    });
}

bool is_null(const ChildContext& ctx, const std::string& path) {
    const struct stat status = sys::fstat(ctx.root->open(path, O_PATH));
    return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

bool is_empty_directory(const ChildContext& ctx, const std::string& path) {
    return sys::list_directory(ctx.root->open(path, O_PATH)).empty();
}

}  // namespace

TEST_CASE(
    "masks: files and directories are covered, what is absent is skipped" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.file("/proc/kcore", "secret");
    tree.file("/proc/keys", "secret");
    tree.file("/sys/firmware/x", "secret");
    tree.file("/sys/power/x", "secret");
    Plan plan = plan_of(tree);
    plan.masks.masked = {
        "/proc/kcore",
        "/absent",
        "/proc/kcore/absent",
        "/sys/firmware",
        "/proc/keys",
        "/sys/power"};

    for (const int kinds : {CLONE_NEWNS, CLONE_NEWNS | CLONE_NEWUSER}) {
        const auto namespaces = static_cast<std::uint64_t>(kinds);
        CHECK(error_of_masks(plan, namespaces, [](ChildContext& ctx) {
                  expect(is_null(ctx, "/proc/kcore"), "the null device");
                  expect(is_null(ctx, "/proc/keys"), "the null device again");
                  expect(is_empty_directory(ctx, "/sys/firmware"), "an empty directory");
                  expect(is_empty_directory(ctx, "/sys/power"), "another empty directory");
                  expect(!ctx.root->try_open("/absent", O_PATH), "nothing made");
              }) == "");
    }
}

TEST_CASE(
    "masks: a tree cloned by the parent is the null device in a user namespace" *
    needs_privilege(Privilege::root)
) {
    const ContainerTree tree;
    tree.file("/a", "secret");
    tree.file("/b", "secret");
    Plan plan = plan_of(tree);
    plan.masks.null_device.tree =
        sys::clone_tree(sys::FdRef::cwd(), "/dev/null", sys::Depth::single);
    plan.masks.masked = {"/a", "/b"};

    CHECK(error_of_masks(plan, CLONE_NEWNS | CLONE_NEWUSER, [](ChildContext& ctx) {
              expect(is_null(ctx, "/a") && is_null(ctx, "/b"), "the null device");
          }) == "");
}

TEST_CASE(
    "masks: the container's own /dev/null is never what masks" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.file("/secret", "secret");
    tree.symlink("/dev/null", "/secret");
    Plan plan = plan_of(tree);
    plan.masks.masked = {"/secret"};

    CHECK(error_of_masks(plan, CLONE_NEWNS, [](ChildContext& ctx) {
              expect(is_null(ctx, "/secret"), "the null device");
          }) == "");
}

TEST_CASE(
    "masks: a null device that is none, or absent, is an error" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    Plan plan = plan_of(tree);

    plan.masks.null_device.path = "/dev/zero";
    CHECK(error_of_masks(plan) == "'/dev/zero' is not the null device");
    plan.masks.null_device.path = tree.on_host("absent");
    CHECK(error_of_masks(plan).ends_with("absent\"): No such file or directory (ENOENT)"));
}

TEST_CASE("masks: a symlink in /proc or /sys is refused" * needs_privilege(Privilege::namespaces)) {
    const ContainerTree tree;
    tree.symlink("/proc", tree.on_host("victim"));
    Plan plan = plan_of(tree);

    plan.masks.masked = {"/proc/canary"};
    CHECK(
        error_of_masks(plan) ==
        "mask '/proc/canary': openat2(\"/proc\"): Too many levels of symbolic links (ELOOP)"
    );
    plan.masks = plan_of(tree).masks;
    plan.masks.readonly = {"/proc/sys"};
    CHECK(
        error_of_masks(plan) ==
        "make '/proc/sys' read-only: openat2(\"/proc\"): Too many levels of symbolic links "
        "(ELOOP)"
    );
}

TEST_CASE(
    "masks: nothing is skipped as absent where /proc is not what was mounted there" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.directory("/proc");  // in the place of the one that a sibling has moved away
    Plan plan = plan_of(tree);
    plan.mounts.push_back({.kind = MountKind::filesystem, .destination = "/proc", .type = "proc"});

    plan.masks.masked = {"/proc/kcore"};
    CHECK(error_of_masks(plan) == "mask '/proc/kcore': '/proc' was changed since it was mounted");
    plan.masks = plan_of(tree).masks;
    plan.masks.readonly = {"/proc/sys"};
    CHECK(
        error_of_masks(plan) ==
        "make '/proc/sys' read-only: '/proc' was changed since it was mounted"
    );
}

TEST_CASE(
    "masks: elsewhere a symlink is followed, below the root" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.file("/real", "secret");
    tree.symlink("/link", "real");
    Plan plan = plan_of(tree);
    plan.masks.masked = {"/link"};

    CHECK(error_of_masks(plan, CLONE_NEWNS, [](ChildContext& ctx) {
              expect(is_null(ctx, "/real"), "the target masked");
          }) == "");
}

TEST_CASE(
    "masks: a read-only path refuses writes and keeps its flags" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.file("/conf/a", "text");
    Plan plan = plan_of(tree);
    plan.masks.readonly = {"/conf", "/absent"};

    CHECK(error_of_masks(plan, CLONE_NEWNS, [](ChildContext& ctx) {
              expect_equal(read_in(ctx, "/conf/a"), "text");
              int error_number = 0;
              (void)sys::openat2_nothrow(ctx.root->fd(), "conf/a", O_WRONLY, 0, error_number);
              expect(error_number == EROFS, "EROFS");
          }) == "");
}
