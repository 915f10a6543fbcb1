// Device nodes and links in hostile trees.
#include "corun/setup/devices.hpp"

#include "container_tree.hpp"
#include "corun/setup/mounts.hpp"
#include "corun/sys/file.hpp"
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

DevicePlan null_node() {
    return {
        .path = "/dev/null",
        .mode = S_IFCHR | 0666,
        .number = makedev(1, 3),
        .host_node = {.path = "/dev/null", .is_directory = false},
    };
}

Plan plan_of(const ContainerTree& tree) {
    Plan plan = tree.plan();
    plan.dev.populates = true;
    plan.dev.nodes.push_back(null_node());
    return plan;
}

struct stat status_of(const ChildContext& ctx, const std::string& path) {
    return sys::fstat(ctx.root->open_without_symlinks(path, O_PATH));
}

}  // namespace

TEST_CASE(
    "devices: a node has the mode and owner asked for, whatever the umask" *
    needs_privilege(Privilege::root)
) {
    const ContainerTree tree;
    Plan plan = plan_of(tree);
    plan.dev.nodes.push_back(
        {.path = "/dev/net/tun", .mode = S_IFCHR | 0660, .number = makedev(10, 200), .gid = 5}
    );

    CHECK(error_of_steps(CLONE_NEWNS, plan, [](ChildContext& ctx) {
              ::umask(0077);
              make_devices(ctx);
              const struct stat null = status_of(ctx, "/dev/null");
              expect(null.st_mode == (S_IFCHR | 0666) && null.st_rdev == makedev(1, 3), "1:3");
              const struct stat tun = status_of(ctx, "/dev/net/tun");
              expect(tun.st_mode == (S_IFCHR | 0660) && tun.st_gid == 5, "660 and group 5");
              expect(::umask(0) == 0077, "the umask to be restored");
          }) == "");
}

TEST_CASE(
    "devices: a set-group-id directory does not give its group" * needs_privilege(Privilege::root)
) {
    const ContainerTree tree;
    tree.directory("/dev");
    std::filesystem::permissions(
        tree.in_rootfs("/dev"), static_cast<std::filesystem::perms>(02755)
    );
    sys::fchownat(sys::FdRef::cwd(), tree.in_rootfs("/dev"), 0, 77);

    CHECK(error_of_steps(CLONE_NEWNS, plan_of(tree), [](ChildContext& ctx) {
              make_devices(ctx);
              expect(status_of(ctx, "/dev/null").st_gid == 0, "group 0");
          }) == "");
}

TEST_CASE(
    "devices: a /dev that is a symlink to the host is refused" * needs_privilege(Privilege::root)
) {
    const ContainerTree tree;
    tree.symlink("/dev", tree.on_host("victim"));

    CHECK(
        error_of_steps(CLONE_NEWNS, plan_of(tree), make_devices) ==
        "device '/dev/null': openat2(\"dev\"): Too many levels of symbolic links (ELOOP)"
    );
    CHECK(tree.host_is_untouched());
}

TEST_CASE("devices: a symlink on the way to a node is refused" * needs_privilege(Privilege::root)) {
    const ContainerTree tree;
    tree.symlink("/dev/net", tree.on_host("victim"));
    Plan plan = tree.plan();
    plan.dev.populates = true;
    plan.dev.nodes.push_back(
        {.path = "/dev/net/tun", .mode = S_IFCHR | 0660, .number = makedev(10, 200)}
    );

    CHECK(
        error_of_steps(CLONE_NEWNS, plan, make_devices) ==
        "device '/dev/net/tun': openat2(\"dev/net\"): Too many levels of symbolic links (ELOOP)"
    );
    CHECK(tree.host_is_untouched());
}

TEST_CASE(
    "devices: the same node is accepted, another file is an error" *
    needs_privilege(Privilege::root)
) {
    const ContainerTree tree;
    const Plan plan = plan_of(tree);

    CHECK(error_of_steps(CLONE_NEWNS, plan, make_devices) == "");
    CHECK(error_of_steps(CLONE_NEWNS, plan, make_devices) == "");

    std::filesystem::remove(tree.in_rootfs("/dev/null"));
    tree.symlink("/dev/null", tree.on_host("victim/canary"));
    CHECK(
        error_of_steps(CLONE_NEWNS, plan, make_devices) ==
        "device '/dev/null': a different file exists there"
    );
    CHECK(tree.host_is_untouched());
}

TEST_CASE(
    "devices: ptmx is replaced in the container, never where a symlink leads" *
    needs_privilege(Privilege::root)
) {
    const ContainerTree tree;
    tree.symlink("/dev/ptmx", tree.on_host("victim/canary"));

    CHECK(error_of_steps(CLONE_NEWNS, plan_of(tree), make_devices) == "");
    CHECK(std::filesystem::read_symlink(tree.in_rootfs("/dev/ptmx")) == "pts/ptmx");
    CHECK(tree.host_is_untouched());
}

TEST_CASE(
    "devices: the links of /dev are made where their targets are" * needs_privilege(Privilege::root)
) {
    const ContainerTree tree;
    Plan plan = plan_of(tree);

    CHECK(error_of_steps(CLONE_NEWNS, plan, make_devices) == "");
    CHECK_FALSE(std::filesystem::is_symlink(tree.in_rootfs("/dev/fd")));

    plan.mounts.push_back({.kind = MountKind::filesystem, .destination = "/proc", .type = "proc"});
    tree.symlink("/dev/stdin", "kept");
    CHECK(error_of_steps(CLONE_NEWNS | CLONE_NEWPID, plan, [](ChildContext& ctx) {
              make_mounts(ctx);
              make_devices(ctx);
          }) == "");
    CHECK(std::filesystem::read_symlink(tree.in_rootfs("/dev/fd")) == "/proc/self/fd");
    CHECK(std::filesystem::read_symlink(tree.in_rootfs("/dev/stderr")) == "/proc/self/fd/2");
    CHECK(std::filesystem::read_symlink(tree.in_rootfs("/dev/stdin")) == "kept");
}

TEST_CASE(
    "devices: where mknod is forbidden the host's node is bound" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    Plan plan = plan_of(tree);
    plan.dev.binds_nodes = true;

    CHECK(error_of_steps(CLONE_NEWNS | CLONE_NEWUSER, plan, [](ChildContext& ctx) {
              make_devices(ctx);
              expect(status_of(ctx, "/dev/null").st_rdev == makedev(1, 3), "1:3");
          }) == "");
}

TEST_CASE(
    "devices: a node of the host that is another device is not bound" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    Plan plan = plan_of(tree);
    plan.dev.binds_nodes = true;
    plan.dev.nodes.front().host_node.path = "/dev/zero";

    CHECK(
        error_of_steps(CLONE_NEWNS, plan, make_devices) ==
        "device '/dev/null': '/dev/zero' is a different device on the host"
    );
}

TEST_CASE("devices: a /dev of the host's is left alone" * needs_privilege(Privilege::namespaces)) {
    const ContainerTree tree;
    Plan plan = plan_of(tree);
    plan.dev.populates = false;

    CHECK(error_of_steps(CLONE_NEWNS, plan, make_devices) == "");
    CHECK_FALSE(std::filesystem::exists(tree.in_rootfs("/dev")));
}
