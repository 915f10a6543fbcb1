// Where cgroups are and what a container's is called: texts in, paths out.
#include "corun/container/cgroup_hierarchy.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace corun::container;

TEST_CASE("cgroup hierarchy: cgroup2 mounts are found among the others and unescaped") {
    constexpr const char* kHybrid =
        "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
        "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:7 - cgroup cgroup rw,cpu\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 master:2 - cgroup2 cgroup2 rw\n"
        "42 31 0:38 / /mnt/a\\040b\\134c rw - cgroup2 none rw\n";

    CHECK(
        parse_cgroup2_mount_points(kHybrid) ==
        std::vector<std::string>{"/sys/fs/cgroup/unified", "/mnt/a b\\c"}
    );
}

TEST_CASE("cgroup hierarchy: a mount whose source or directory is called cgroup2 does not count") {
    constexpr const char* kOther = "31 23 0:28 / /cgroup2 rw,relatime - tmpfs cgroup2 rw\n";

    CHECK(parse_cgroup2_mount_points(kOther).empty());
    CHECK(parse_cgroup2_mount_points("").empty());
    CHECK(parse_cgroup2_mount_points("nonsense - cgroup2 x\n").empty());
}

TEST_CASE("cgroup hierarchy: the version 2 line of /proc/PID/cgroup is the one with id 0") {
    CHECK(parse_proc_cgroup("0::/a/b\n") == "/a/b");
    CHECK(parse_proc_cgroup("4:memory:/m\n1:name=systemd:/s\n0::/a\n") == "/a");
    CHECK(parse_proc_cgroup("0::/gone (deleted)\n") == "/gone");
    CHECK(parse_proc_cgroup("10::/x\n1:cpu:/\n") == std::nullopt);
}

TEST_CASE("cgroup hierarchy: cgroupsPath is absolute, beside the own cgroup, or the id") {
    struct Row {
        const char* own;
        const char* config;
        const char* expected;
    };

    const std::vector<Row> rows = {
        {"/user/session", "/machine/web", "/machine/web"},
        {"/user/session", "/", "/"},
        {"/user/session", "pod/web", "/user/pod/web"},
        {"/user/session", "", "/user/id"},
        {"/", "", "/id"},
        {"/top", "web", "/web"},
        {"/user/session", "/a/./b//c/", "/a/b/c"},
    };

    for (const Row& row : rows) {
        CAPTURE(row.own);
        CAPTURE(row.config);
        CHECK(join_cgroup_path(row.own, row.config, "id") == row.expected);
    }
}

TEST_CASE("cgroup hierarchy: .. climbs out of nothing") {
    CHECK(join_cgroup_path("/user/session", "/../../etc", "id") == "/etc");
    CHECK(join_cgroup_path("/user/session", "../../../x", "id") == "/user/x");
    CHECK(join_cgroup_path("/user/session", "a/../..", "id") == "/user");
    // An own cgroup outside the cgroup namespace's root (cgroup_namespaces(7)).
    CHECK(join_cgroup_path("/../../outside/me", "web", "id") == "/outside/web");
}

TEST_CASE("cgroup hierarchy: the host path of the root is the mount point itself") {
    const CgroupHierarchy hierarchy{.mount_point = "/sys/fs/cgroup", .directory = {}};

    CHECK(hierarchy.host_path("/") == "/sys/fs/cgroup");
    CHECK(hierarchy.host_path("/a/b") == "/sys/fs/cgroup/a/b");
}
