// The switch to the container's root, in each of its forms.
#include "corun/setup/pivot.hpp"

#include "container_tree.hpp"
#include "corun/base/error.hpp"
#include "corun/setup/mounts.hpp"
#include "corun/setup/rootfs.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/uapi.hpp"
#include "forked.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sched.h>

#include <algorithm>

using namespace corun;
using namespace corun::setup;
using namespace corun::test;

namespace {

Plan plan_of(const ContainerTree& tree, RootSwitch root_switch) {
    tree.file("/marker", "inside");
    Plan plan = tree.plan();
    plan.rootfs.root_switch = root_switch;
    plan.mounts.push_back({.kind = MountKind::filesystem, .destination = "/proc", .type = "proc"});
    return plan;
}

void expect_inside(const ContainerTree& tree) {
    expect_equal(sys::read_file(sys::FdRef::cwd(), "/marker"), "inside");
    expect_equal(sys::read_file(sys::FdRef::cwd(), "marker"), "inside");
    expect_equal(sys::read_file(sys::FdRef::cwd(), "../../marker"), "inside");
    expect(!sys::try_fstatat(sys::FdRef::cwd(), tree.on_host("victim")), "the host out of sight");
}

std::string mountinfo() {
    return sys::read_file(sys::FdRef::cwd(), "/proc/self/mountinfo");
}

}  // namespace

TEST_CASE(
    "pivot: each way leads into the rootfs and leaves no host in sight" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;

    for (const RootSwitch root_switch : {RootSwitch::pivot, RootSwitch::move, RootSwitch::chroot}) {
        const Plan plan = plan_of(tree, root_switch);
        CHECK(error_of_steps(CLONE_NEWNS | CLONE_NEWPID, plan, [&](ChildContext& ctx) {
                  make_mounts(ctx);
                  switch_root(ctx);
                  expect_inside(tree);
              }) == "");
    }
    CHECK(tree.host_is_untouched());
}

TEST_CASE(
    "pivot: no mount of the host is left in the namespace" * needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;

    const Plan plan = plan_of(tree, RootSwitch::pivot);
    CHECK(error_of_steps(CLONE_NEWNS | CLONE_NEWPID, plan, [&](ChildContext& ctx) {
              make_mounts(ctx);
              switch_root(ctx);
              const std::string mounts = mountinfo();
              expect(std::count(mounts.begin(), mounts.end(), '\n') == 2, "two mounts");
          }) == "");
}

TEST_CASE(
    "pivot: shared mounts of the host survive the switch" * needs_privilege(Privilege::root)
) {
    const ContainerTree tree;
    Plan plan = plan_of(tree, RootSwitch::pivot);
    plan.rootfs.propagation = MS_SHARED;

    // An outer namespace stands for the host: all its mounts are shared with the inner one.
    CHECK(error_in_child(CLONE_NEWNS, [&] {
              sys::mount_setattr_at(
                  sys::FdRef::cwd(), "/", {.propagation = MS_SHARED}, sys::Depth::recursive
              );
              const std::string before = mountinfo();
              // error_in_child() would make the inner one private.
              const std::string error = error_in_child(0, [&] {
                  sys::unshare(CLONE_NEWNS);
                  ChildContext ctx{.plan = plan, .handshake = Handshake(sys::UniqueFd())};
                  attach_rootfs(ctx);
                  switch_root(ctx);
                  expect_equal(sys::read_file(sys::FdRef::cwd(), "/marker"), "inside");
              });
              expect_equal(error, "");
              expect_equal(mountinfo(), before);
          }) == "");
}

TEST_CASE(
    "pivot: after a move no whole procfs or sysfs of the host is left" *
    needs_privilege(Privilege::root)
) {
    const ContainerTree tree;
    const Plan plan = plan_of(tree, RootSwitch::move);

    CHECK(error_of_steps(CLONE_NEWNS | CLONE_NEWPID, plan, [&](ChildContext& ctx) {
              // What is covered by the new root is still there for one who keeps a descriptor.
              const sys::UniqueFd host = sys::open("/", O_PATH | O_DIRECTORY);
              make_mounts(ctx);
              switch_root(ctx);
              const sys::UniqueFd proc = sys::openat(host, "proc", O_PATH);
              expect(sys::filesystem_type(proc) != PROC_SUPER_MAGIC, "no procfs there");
          }) == "");
}

TEST_CASE(
    "pivot: a locked procfs is covered where it cannot be unmounted" *
    needs_privilege(Privilege::root)
) {
    const ContainerTree tree;
    const Plan plan = plan_of(tree, RootSwitch::move);

    // In a user namespace the inherited mounts are locked together.
    CHECK(error_of_steps(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER, plan, [&](ChildContext& ctx) {
              const sys::UniqueFd host = sys::open("/", O_PATH | O_DIRECTORY);
              make_mounts(ctx);
              switch_root(ctx);
              const sys::UniqueFd proc = sys::openat(host, "proc", O_PATH);
              expect(sys::filesystem_type(proc) != PROC_SUPER_MAGIC, "no procfs there");
              expect_inside(tree);
          }) == "");
}

TEST_CASE(
    "pivot: the root becomes read-only, mounts below it do not" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    Plan plan = plan_of(tree, RootSwitch::pivot);
    plan.rootfs.readonly = true;
    plan.mounts.push_back({.kind = MountKind::filesystem, .destination = "/run", .type = "tmpfs"});

    CHECK(error_of_steps(CLONE_NEWNS | CLONE_NEWPID, plan, [](ChildContext& ctx) {
              make_mounts(ctx);
              switch_root(ctx);
              finish_rootfs(ctx);
              expect(mount_options_at("/").starts_with("ro"), "a read-only root");
              expect(mount_options_at("/run").starts_with("rw"), "a writable /run");
          }) == "");
}

TEST_CASE("pivot: the root gets its final propagation" * needs_privilege(Privilege::namespaces)) {
    const ContainerTree tree;
    Plan plan = plan_of(tree, RootSwitch::pivot);
    plan.rootfs.final_propagation = MS_SHARED | MS_REC;

    CHECK(error_of_steps(CLONE_NEWNS | CLONE_NEWPID, plan, [](ChildContext& ctx) {
              make_mounts(ctx);
              switch_root(ctx);
              finish_rootfs(ctx);
              const std::string mounts = mountinfo();
              expect(mounts.find(" / / ") == std::string::npos, "a root below a directory");
              expect(
                  mounts.find(" /proc rw,relatime shared:") != std::string::npos, "shared /proc"
              );
          }) == "");
}

TEST_CASE(
    "pivot: without a mount of its own the root is never made read-only" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    Plan plan = tree.plan();
    plan.rootfs.root_switch = RootSwitch::chroot;
    plan.rootfs.readonly = true;

    CHECK(
        error_of_steps(CLONE_NEWNS, plan, finish_rootfs) ==
        "the root directory is not a mount of the container's own"
    );
}
