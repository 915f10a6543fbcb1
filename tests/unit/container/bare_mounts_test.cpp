// Which starts may leave from the bare mount namespace.
#include "corun/container/bare_mounts.hpp"

#include "corun/sys/file.hpp"
#include "corun/sys/uapi.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/mount.h>

#include <functional>
#include <string>
#include <vector>

using namespace corun;
using namespace corun::container;

namespace {

sys::UniqueFd some_descriptor() {
    return sys::open("/", O_PATH);
}

/// What root's start of an ordinary bundle looks like.
setup::Plan ordinary_plan() {
    setup::Plan plan;
    plan.namespaces.created = CLONE_NEWNS | CLONE_NEWPID;
    plan.rootfs.path = "/bundle/rootfs";
    plan.rootfs.source.tree = some_descriptor();
    plan.rootfs.propagation = MS_SLAVE;
    plan.mounts.resize(2);
    plan.mounts[0].kind = setup::MountKind::filesystem;
    plan.mounts[1].kind = setup::MountKind::bind;
    plan.mounts[1].source.tree = some_descriptor();
    return plan;
}

}  // namespace

TEST_CASE("bare mounts: an ordinary start leaves from there instead of copying the host's") {
    const sys::UniqueFd bare = some_descriptor();
    setup::Plan plan = ordinary_plan();

    start_from_bare_mounts(bare, plan);

    CHECK(plan.namespaces.bare_mounts.has_value());
    CHECK(plan.namespaces.created == CLONE_NEWPID);
}

TEST_CASE("bare mounts: what needs the host's mounts in the child copies them") {
    struct Row {
        std::string need;
        std::function<void(setup::Plan&)> change;
    };

    const std::vector<Row> rows = {
        {"no mount namespace of its own",
         [](setup::Plan& plan) { plan.namespaces.created = CLONE_NEWPID; }},
        {"a user namespace, which would own the copy",
         [](setup::Plan& plan) { plan.namespaces.created |= CLONE_NEWUSER; }},
        {"a relay, which makes the namespaces",
         [](setup::Plan& plan) { plan.namespaces.time_offsets = "monotonic 1 0\n"; }},
        {"createRuntime hooks, which may look into the process's namespace",
         [](setup::Plan& plan) { plan.hooks.parent_has_hooks = true; }},
        {"createContainer hooks", [](setup::Plan& plan) { plan.hooks.create_container.resize(1); }},
        {"--no-pivot, which leaves the old tree where it is",
         [](setup::Plan& plan) { plan.rootfs.root_switch = setup::RootSwitch::move; }},
        {"a root that the child clones",
         [](setup::Plan& plan) { plan.rootfs.source.tree.reset(); }},
        {"a shared root", [](setup::Plan& plan) { plan.rootfs.propagation = MS_SHARED; }},
        {"devices that the child binds", [](setup::Plan& plan) { plan.dev.binds_nodes = true; }},
        {"a source that the child clones",
         [](setup::Plan& plan) { plan.mounts[1].source.tree.reset(); }},
    };
    const sys::UniqueFd bare = some_descriptor();
    for (const Row& row : rows) {
        CAPTURE(row.need);
        setup::Plan plan = ordinary_plan();
        row.change(plan);
        const std::uint64_t created = plan.namespaces.created;

        start_from_bare_mounts(bare, plan);

        CHECK_FALSE(plan.namespaces.bare_mounts.has_value());
        CHECK(plan.namespaces.created == created);
    }
}

TEST_CASE("bare mounts: a source within the root is taken from there") {
    const sys::UniqueFd bare = some_descriptor();
    setup::Plan plan = ordinary_plan();
    plan.mounts[1].source.tree.reset();
    plan.mounts[1].source.in_container = "/data";

    start_from_bare_mounts(bare, plan);

    CHECK(plan.namespaces.bare_mounts.has_value());
}
