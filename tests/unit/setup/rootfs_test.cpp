// Attaching the rootfs.
#include "corun/setup/rootfs.hpp"

#include "container_tree.hpp"
#include "corun/base/error.hpp"
#include "corun/setup/propagation.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "forked.hpp"

#include <doctest/doctest.h>

#include <sched.h>
#include <sys/mount.h>

using namespace corun;
using namespace corun::setup;
using namespace corun::test;

TEST_CASE(
    "rootfs: it becomes a mount, with what is mounted below it" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.file("/marker", "inside");
    const Plan plan = tree.plan();

    CHECK(error_of_steps(CLONE_NEWNS, plan, [](ChildContext& ctx) {
              expect(sys::mount_position(ctx.root->fd()).is_root, "the root of a mount");
              expect_equal(read_in(ctx, "/marker"), "inside");
          }) == "");
}

TEST_CASE("rootfs: a tree cloned by the parent is used" * needs_privilege(Privilege::root)) {
    const ContainerTree tree;
    tree.file("/marker", "inside");
    Plan plan = tree.plan();
    plan.rootfs.source.tree =
        sys::clone_tree(sys::FdRef::cwd(), plan.rootfs.path, sys::Depth::recursive);

    CHECK(error_of_steps(CLONE_NEWNS | CLONE_NEWUSER, plan, [](ChildContext& ctx) {
              expect(sys::mount_position(ctx.root->fd()).is_root, "the root of a mount");
              expect_equal(read_in(ctx, "/marker"), "inside");
          }) == "");
}

TEST_CASE(
    "rootfs: one that is not there is an error with its path" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    Plan plan = tree.plan();
    plan.rootfs.path = "/nowhere/rootfs";

    CHECK(error_of_steps(CLONE_NEWNS, plan, [](ChildContext&) {
          }) == "open(\"/nowhere/rootfs\"): No such file or directory (ENOENT)");
}

TEST_CASE("rootfs: with chroot nothing is mounted" * needs_privilege(Privilege::namespaces)) {
    const ContainerTree tree;
    Plan plan = tree.plan();
    plan.rootfs.root_switch = RootSwitch::chroot;

    CHECK(error_of_steps(CLONE_NEWNS, plan, [](ChildContext& ctx) {
              expect(!sys::mount_position(ctx.root->fd()).is_root, "no mount");
          }) == "");
}
