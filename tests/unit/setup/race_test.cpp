// A sibling that shares the rootfs swaps what is on the way while the steps run. Whatever they end
// with, an error or not, nothing of the host is touched.
#include "container_tree.hpp"
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/devices.hpp"
#include "corun/setup/masks.hpp"
#include "corun/setup/mounts.hpp"
#include "corun/setup/pivot.hpp"
#include "corun/sys/process.hpp"
#include "forked.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <stdio.h>
#include <string>
#include <vector>

using namespace corun;
using namespace corun::setup;
using namespace corun::test;

namespace {

constexpr int kRounds = 150;

/// Exchanges `path` of the rootfs with a symlink to the host's victim, without end; killed with the
/// scope.
sys::ChildGuard swap_without_end(const ContainerTree& tree, const std::string& path) {
    const std::string place = tree.in_rootfs(path);
    const std::string bait = tree.in_rootfs("/.bait");
    tree.symlink("/.bait", tree.on_host("victim"));
    sys::Cloned swapper = sys::clone3(0);
    if (swapper.in_child()) {
        sys::set_parent_death_signal(SIGKILL);
        while (::renameat2(AT_FDCWD, place.c_str(), AT_FDCWD, bait.c_str(), RENAME_EXCHANGE) == 0) {
        }
        ::_exit(1);
    }
    return sys::ChildGuard(std::move(swapper.process));
}

/// What the rounds ended with: each text once.
std::vector<std::string> errors_of_rounds(
    const Plan& plan, const std::function<void(ChildContext&)>& steps
) {
    std::vector<std::string> errors;
    for (int round = 0; round < kRounds; ++round) {
        const std::string error = error_of_steps(CLONE_NEWNS | CLONE_NEWPID, plan, steps);
        if (std::find(errors.begin(), errors.end(), error) == errors.end()) {
            errors.push_back(error);
        }
    }
    return errors;
}

}  // namespace

TEST_CASE(
    "race: mounts below a directory that is swapped do not reach the host" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.directory("/data");
    Plan plan = tree.plan();
    plan.mounts.push_back(
        {.kind = MountKind::filesystem, .destination = "/data/sub/deep", .type = "tmpfs"}
    );
    plan.mounts.push_back({
        .kind = MountKind::bind,
        .destination = "/data/file",
        .source = {.path = "/dev/null", .is_directory = false},
    });
    const sys::ChildGuard swapper = swap_without_end(tree, "/data");

    const std::vector<std::string> errors = errors_of_rounds(plan, make_mounts);

    CAPTURE(errors.size());
    CHECK(tree.host_is_untouched());
    CHECK_FALSE(swapper.child().has_exited());
}

TEST_CASE(
    "race: a /proc that is swapped is a procfs or an error" * needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.directory("/proc");
    Plan plan = tree.plan();
    plan.mounts.push_back({.kind = MountKind::filesystem, .destination = "/proc", .type = "proc"});
    const sys::ChildGuard swapper = swap_without_end(tree, "/proc");

    for (const std::string& error : errors_of_rounds(plan, make_mounts)) {
        CAPTURE(error);
        CHECK((error.empty() || error.starts_with("mount '/proc': ")));
    }
    CHECK(tree.host_is_untouched());
    CHECK_FALSE(swapper.child().has_exited());
}

TEST_CASE(
    "race: devices and ptmx of a /dev that is swapped stay in the rootfs" *
    needs_privilege(Privilege::root)
) {
    const ContainerTree tree;
    tree.directory("/dev");
    Plan plan = tree.plan();
    plan.dev.populates = true;
    plan.dev.nodes.push_back(
        {.path = "/dev/canary", .mode = S_IFCHR | 0666, .number = makedev(1, 3)}
    );
    const sys::ChildGuard swapper = swap_without_end(tree, "/dev");

    (void)errors_of_rounds(plan, make_devices);

    CHECK(tree.host_is_untouched());
    CHECK_FALSE(swapper.child().has_exited());
}

TEST_CASE(
    "race: a masked directory that is swapped is masked or an error" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;
    tree.file("/proc/secret/key", "text");
    Plan plan = tree.plan();
    plan.masks.null_device = {.path = "/dev/null", .is_directory = false};
    plan.masks.masked = {"/proc/secret"};
    const sys::ChildGuard swapper = swap_without_end(tree, "/proc/secret");

    for (const std::string& error : errors_of_rounds(plan, [](ChildContext& ctx) {
             take_null_device(ctx);
             switch_root(ctx);
             mask_paths(ctx);
         })) {
        CAPTURE(error);
        CHECK((error.empty() || error.starts_with("mask '/proc/secret': ")));
    }
    CHECK(tree.host_is_untouched());
    CHECK_FALSE(swapper.child().has_exited());
}
