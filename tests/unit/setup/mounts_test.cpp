// Mounts on hostile trees, run for real.
#include "corun/setup/mounts.hpp"

#include "container_tree.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/bind_source.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"
#include "forked.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <array>

using namespace corun;
using namespace corun::setup;
using namespace corun::test;

namespace {

constexpr auto kNewMounts = CLONE_NEWNS;
constexpr auto kNewPids = CLONE_NEWNS | CLONE_NEWPID;

MountPlan filesystem(const std::string& type, const std::string& destination) {
    return {
        .kind = MountKind::filesystem,
        .destination = destination,
        .type = type,
        .source = {.path = type},
    };
}

MountPlan bind(const std::string& source, const std::string& destination) {
    return {
        .kind = MountKind::bind,
        .destination = destination,
        .source = {.path = source, .is_directory = std::filesystem::is_directory(source)},
    };
}

/// Makes one mount in `tree` and runs `check`.
std::string error_of_mount(
    const ContainerTree& tree,
    MountPlan mount,
    std::uint64_t namespaces = kNewMounts,
    const std::function<void(ChildContext&)>& check = [](ChildContext&) {}
) {
    Plan plan = tree.plan();
    plan.mounts.push_back(std::move(mount));
    return error_of_steps(namespaces, plan, [&](ChildContext& ctx) {
        make_mounts(ctx);
        check(ctx);
    });
}

unsigned mode_of(const ChildContext& ctx, const std::string& path) {
    return sys::fstat(ctx.root->open(path, O_PATH)).st_mode & 07777U;
}

std::string options_of(const ChildContext& ctx, const std::string& path) {
    return mount_options_at(ctx.plan.rootfs.path + path);
}

}  // namespace

TEST_CASE("mounts: a new tmpfs has its attributes" * needs_privilege(Privilege::namespaces)) {
    const ContainerTree tree;
    MountPlan mount = filesystem("tmpfs", "/run/deep");
    mount.data = "mode=750,size=64k";
    mount.attributes.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME;

    CHECK(error_of_mount(tree, std::move(mount), kNewMounts, [](ChildContext& ctx) {
              expect_equal(options_of(ctx, "/run/deep"), "ro,nosuid,noatime");
              expect(mode_of(ctx, "/run/deep") == 0750, "mode 750");
          }) == "");
}

TEST_CASE(
    "mounts: a tmpfs takes the mode of the directory it covers" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.directory("/tmp", 01770);

    CHECK(error_of_mount(tree, filesystem("tmpfs", "/tmp"), kNewMounts, [](ChildContext& ctx) {
              expect(mode_of(ctx, "/tmp") == 01770, "the directory's mode");
          }) == "");
    CHECK(error_of_mount(tree, filesystem("tmpfs", "/new"), kNewMounts, [](ChildContext& ctx) {
              expect(mode_of(ctx, "/new") == 01777, "tmpfs's own mode");
          }) == "");
}

TEST_CASE(
    "mounts: a comma in a quoted option does not end it" * needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    MountPlan mount = filesystem("tmpfs", "/run");
    mount.data = "size=64k,bad=\"a,b\"";

    CHECK(
        error_of_mount(tree, std::move(mount)) ==
        "mount '/run': fsconfig(\"tmpfs\", \"bad\"): 'tmpfs: Unknown parameter \\'bad\\'': "
        "Invalid argument (EINVAL)"
    );
}

TEST_CASE(
    "mounts: an unknown type is an error with its name" * needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;

    CHECK(
        error_of_mount(tree, filesystem("nosuchfs", "/x")) ==
        "mount '/x': fsopen(\"nosuchfs\"): No such device (ENODEV)"
    );
}

TEST_CASE(
    "mounts: a directory is bound with its own attributes" * needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    MountPlan mount = bind(tree.on_host("victim"), "/data");
    mount.attributes.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV;

    CHECK(error_of_mount(tree, std::move(mount), kNewMounts, [](ChildContext& ctx) {
              expect_equal(read_in(ctx, "/data/canary"), "alive");
              expect(options_of(ctx, "/data").starts_with("ro,nodev"), "ro,nodev");
          }) == "");
    CHECK(tree.host_is_untouched());
}

TEST_CASE(
    "mounts: a file is bound on a file made for it" * needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;

    CHECK(
        error_of_mount(
            tree,
            bind(tree.on_host("victim/canary"), "/etc/resolv.conf"),
            kNewMounts,
            [](ChildContext& ctx) { expect_equal(read_in(ctx, "/etc/resolv.conf"), "alive"); }
        ) == ""
    );
}

TEST_CASE(
    "mounts: a tree cloned by the parent is attached as it is" * needs_privilege(Privilege::root)
) {
    const ContainerTree tree;
    MountPlan mount = bind("/nowhere", "/data");
    mount.source.is_directory = true;
    mount.source.tree = clone_bind_source(
        sys::FdRef::cwd(),
        tree.on_host("victim"),
        sys::Depth::recursive,
        {.attributes = {.set = MOUNT_ATTR_RDONLY}}
    );

    CHECK(
        error_of_mount(
            tree,
            std::move(mount),
            CLONE_NEWNS | CLONE_NEWUSER,
            [](ChildContext& ctx) {
                expect_equal(read_in(ctx, "/data/canary"), "alive");
                expect(options_of(ctx, "/data").starts_with("ro"), "ro");
            }
        ) == ""
    );
}

TEST_CASE(
    "mounts: a destination behind a symlink to the host stays in the rootfs" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.symlink("/out", tree.on_host("victim"));
    tree.symlink("/up", "../../../../../../../.." + tree.on_host("victim").string());

    CHECK(error_of_mount(tree, filesystem("tmpfs", "/out/sub")) == "");
    CHECK(error_of_mount(tree, filesystem("tmpfs", "/up")) == "");
    CHECK(tree.host_is_untouched());
    CHECK(std::filesystem::exists(tree.in_rootfs(tree.on_host("victim/sub"))));
}

TEST_CASE(
    "mounts: proc and sysfs are not mounted through a symlink" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.directory("/elsewhere");
    tree.symlink("/proc", "elsewhere");
    tree.symlink("/sys", tree.on_host("victim"));

    CHECK(
        error_of_mount(tree, filesystem("proc", "/proc"), kNewPids) ==
        "mount '/proc': filesystem \"proc\" must be mounted on ordinary directory: "
        "openat2(\"proc\"): Too many levels of symbolic links (ELOOP)"
    );
    CHECK(
        error_of_mount(tree, filesystem("sysfs", "/sys"), CLONE_NEWNS | CLONE_NEWNET) ==
        "mount '/sys': filesystem \"sysfs\" must be mounted on ordinary directory: "
        "openat2(\"sys\"): Too many levels of symbolic links (ELOOP)"
    );
    CHECK(tree.host_is_untouched());
}

TEST_CASE(
    "mounts: no symlink leads to a destination marked so" * needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.symlink("/dev", tree.on_host("victim"));
    MountPlan mount = filesystem("tmpfs", "/dev");
    mount.no_symlinks = true;

    CHECK(
        error_of_mount(tree, std::move(mount)) ==
        "mount '/dev': openat2(\"dev\"): Too many levels of symbolic links (ELOOP)"
    );
}

TEST_CASE(
    "mounts: /proc is a procfs of the container's processes" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;

    CHECK(error_of_mount(tree, filesystem("proc", "/proc"), kNewPids, [](ChildContext& ctx) {
              expect_equal(
                  sys::readlinkat(ctx.root->open_without_symlinks("/proc", O_PATH), "self"), "1"
              );
          }) == "");
}

TEST_CASE("mounts: only a procfs goes onto /proc" * needs_privilege(Privilege::namespaces)) {
    const ContainerTree tree;

    CHECK(
        error_of_mount(tree, filesystem("tmpfs", "/proc")) ==
        "mount '/proc': cannot be mounted because it is not of type proc"
    );
    CHECK(
        error_of_mount(tree, bind(tree.on_host("victim"), "/x/../proc")) ==
        "mount '/x/../proc': cannot be mounted because it is not of type proc"
    );
    MountPlan whole = bind("/proc", "/proc");
    whole.source.depth = sys::Depth::recursive;
    CHECK(error_of_mount(tree, std::move(whole)) == "");
}

TEST_CASE("mounts: nothing but a few files is mounted below /proc") {
    CHECK_NOTHROW(check_destination("/proc/meminfo"));
    CHECK_NOTHROW(check_destination("/proc/sys/kernel/ns_last_pid"));
    CHECK_NOTHROW(check_destination("/process"));

    for (const char* path : {"/proc/self", "/proc/sys", "/proc/sys/kernel", "/proc/meminfo/x"}) {
        CHECK_THROWS_WITH_AS(
            check_destination(path), "cannot be mounted because it is inside /proc", Error
        );
    }
}

TEST_CASE(
    "mounts: a symlink of the rootfs does not lead a mount into /proc" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.symlink("/link", "/proc/self/attr");
    Plan plan = tree.plan();
    plan.mounts.push_back(filesystem("proc", "/proc"));
    plan.mounts.push_back(filesystem("tmpfs", "/link"));

    CHECK(
        error_of_steps(kNewPids, plan, make_mounts) ==
        "mount '/link': cannot be mounted because it is inside /proc"
    );
}

TEST_CASE(
    "mounts: a file of lxcfs replaces one in /proc" * needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    Plan plan = tree.plan();
    plan.mounts.push_back(filesystem("proc", "/proc"));
    plan.mounts.push_back(bind(tree.on_host("victim/canary"), "/proc/uptime"));

    CHECK(error_of_steps(kNewPids, plan, [](ChildContext& ctx) {
              make_mounts(ctx);
              expect_equal(read_in(ctx, "/proc/uptime"), "alive");
          }) == "");
}

TEST_CASE(
    "mounts: the default file systems can all be made" * needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    Plan plan = tree.plan();
    plan.mounts.push_back(filesystem("proc", "/proc"));
    plan.mounts.push_back(filesystem("tmpfs", "/dev"));
    plan.mounts.push_back(filesystem("devpts", "/dev/pts"));
    plan.mounts.back().data = "newinstance,ptmxmode=0666,mode=0620";
    plan.mounts.push_back(filesystem("tmpfs", "/dev/shm"));
    plan.mounts.push_back(filesystem("mqueue", "/dev/mqueue"));
    plan.mounts.push_back(filesystem("sysfs", "/sys"));
    plan.mounts.back().attributes.set = MOUNT_ATTR_RDONLY;

    CHECK(error_of_steps(kNewPids | CLONE_NEWNET | CLONE_NEWIPC, plan, [](ChildContext& ctx) {
              make_mounts(ctx);
              (void)ctx.root->open("/dev/pts/ptmx", O_PATH);
              expect(options_of(ctx, "/sys").starts_with("ro"), "a read-only /sys");
          }) == "");
}

TEST_CASE(
    "mounts: the cgroup mount falls back to its substitute where cgroup2 is forbidden" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    MountPlan mount = bind(tree.on_host("victim"), "/sys/fs/cgroup");
    mount.kind = MountKind::cgroup;
    mount.type = "cgroup";
    mount.substitute = std::exchange(mount.source, {});

    // No cgroup namespace of its own: to the user namespace's root that is EPERM.
    CHECK(
        error_of_mount(
            tree,
            std::move(mount),
            CLONE_NEWNS | CLONE_NEWUSER,
            [](ChildContext& ctx) { expect_equal(read_in(ctx, "/sys/fs/cgroup/canary"), "alive"); }
        ) == ""
    );
}

TEST_CASE(
    "mounts: where cgroup2 is forbidden and there is no substitute an empty directory hides it" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.directory("/sys/fs/cgroup/below");
    MountPlan mount = filesystem("cgroup", "/sys/fs/cgroup");
    mount.kind = MountKind::cgroup;

    CHECK(
        error_of_mount(
            tree,
            std::move(mount),
            CLONE_NEWNS | CLONE_NEWUSER,
            [](ChildContext& ctx) {
                expect(!ctx.root->try_open("/sys/fs/cgroup/below", O_PATH), "an empty directory");
                expect(options_of(ctx, "/sys/fs/cgroup").starts_with("ro"), "a read-only one");
            }
        ) == ""
    );
}

TEST_CASE(
    "mounts: where sysfs is forbidden the host's is shown, read-only with all below" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    MountPlan mount = filesystem("sysfs", "/sys");
    mount.substitute = {.path = "/sys", .depth = sys::Depth::recursive};

    // No network namespace of its own.
    CHECK(
        error_of_mount(
            tree,
            std::move(mount),
            CLONE_NEWNS | CLONE_NEWUSER,
            [](ChildContext& ctx) {
                (void)ctx.root->open("/sys/kernel", O_PATH);
                expect(options_of(ctx, "/sys").starts_with("ro"), "a read-only /sys");
                expect(options_of(ctx, "/sys/fs/cgroup").starts_with("ro"), "and what is below");
            }
        ) == ""
    );
}

TEST_CASE(
    "mounts: a new cgroup2 mount shows the namespace's own tree" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    MountPlan mount = filesystem("cgroup2", "/sys/fs/cgroup");
    mount.kind = MountKind::cgroup;

    CHECK(error_of_mount(tree, std::move(mount), CLONE_NEWNS | CLONE_NEWCGROUP, [](auto& ctx) {
              (void)ctx.root->open("/sys/fs/cgroup/cgroup.procs", O_PATH);
          }) == "");
}

TEST_CASE(
    "mounts: remount changes what it names and keeps the rest" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    Plan plan = tree.plan();
    plan.mounts.push_back(filesystem("tmpfs", "/run"));
    plan.mounts.back().attributes.set = MOUNT_ATTR_NOSUID;
    plan.mounts.push_back({.kind = MountKind::remount, .destination = "/run"});
    plan.mounts.back().attributes.set = MOUNT_ATTR_RDONLY;
    plan.mounts.back().data = "size=4k";

    CHECK(error_of_steps(kNewMounts, plan, [](ChildContext& ctx) {
              make_mounts(ctx);
              expect(options_of(ctx, "/run").starts_with("ro,nosuid"), "ro,nosuid");
          }) == "");
}

TEST_CASE(
    "mounts: remount of what is no mount is an error" * needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.directory("/plain");
    MountPlan mount{.kind = MountKind::remount, .destination = "/plain"};
    mount.attributes.set = MOUNT_ATTR_RDONLY;

    CHECK(
        error_of_mount(tree, std::move(mount)) ==
        "mount '/plain': mount_setattr: Invalid argument (EINVAL)"
    );
}

TEST_CASE(
    "mounts: propagation changes are applied in order" * needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    MountPlan mount = filesystem("tmpfs", "/run");
    mount.propagation = {
        {.type = MS_SHARED, .depth = sys::Depth::single},
        {.type = MS_SLAVE, .depth = sys::Depth::single},
        {.type = MS_SHARED, .depth = sys::Depth::single},
    };

    CHECK(error_of_mount(tree, std::move(mount), kNewMounts, [](ChildContext&) {
              const std::string mountinfo =
                  sys::read_file(sys::FdRef::cwd(), "/proc/self/mountinfo");
              expect(mountinfo.find("/run rw,relatime shared:") != std::string::npos, "shared");
          }) == "");
}

TEST_CASE(
    "mounts: the root directory itself is no destination" * needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;

    CHECK(
        error_of_mount(tree, filesystem("tmpfs", "/a/..")) ==
        "mount '/a/..': cannot be mounted because it is the root directory"
    );
}

TEST_CASE("mounts: a directory is not bound on a file" * needs_privilege(Privilege::namespaces)) {
    const ContainerTree tree;
    tree.file("/file");

    CHECK(
        error_of_mount(tree, bind(tree.on_host("victim"), "/file")) ==
        "mount '/file': openat2(\"file\"): Not a directory (ENOTDIR)"
    );
}
