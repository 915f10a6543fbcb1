// Lines of /proc/PID/mountinfo become mounts.
#include "corun/container/mountinfo.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::container;

TEST_CASE("mountinfo: a line gives id, device, root, mount point, read-only and type") {
    const std::vector<MountEntry> mounts = parse_mountinfo(
        "65 44 0:28 /b/rootfs / rw,relatime master:1 - tmpfs tmpfs rw,size=1k\n"
        "73 65 8:1 /vol /vol ro,nosuid - ext4 /dev/sda1 rw\n"
    );

    REQUIRE(mounts.size() == 2);
    const MountEntry root{
        .id = 65, .device = "0:28", .root = "/b/rootfs", .mount_point = "/", .type = "tmpfs"};
    const MountEntry volume{
        .id = 73,
        .device = "8:1",
        .root = "/vol",
        .mount_point = "/vol",
        .readonly = true,
        .type = "ext4"};
    CHECK(mounts[0] == root);
    CHECK(mounts[1] == volume);
}

TEST_CASE("mountinfo: a read-only file system below a writable mount is no read-only mount") {
    const std::vector<MountEntry> mounts =
        parse_mountinfo("1 2 0:5 / /a rw,relatime - tmpfs tmpfs ro\n");

    CHECK_FALSE(mounts.at(0).readonly);
}

TEST_CASE("mountinfo: blanks, newlines and backslashes in paths are unescaped") {
    const std::vector<MountEntry> mounts =
        parse_mountinfo("1 2 0:5 /a\\040b /c\\012d\\134e\\08 rw - tmpfs tmpfs rw\n");

    CHECK(mounts.at(0).root == "/a b");
    CHECK(mounts.at(0).mount_point == "/c\nd\\e\\08");
}

TEST_CASE("mountinfo: mounts are found by id") {
    const std::vector<MountEntry> mounts = parse_mountinfo("7 2 0:5 / /a rw - tmpfs tmpfs rw\n");

    REQUIRE(find_mount(mounts, 7) != nullptr);
    CHECK(find_mount(mounts, 7)->mount_point == "/a");
    CHECK(find_mount(mounts, 8) == nullptr);
}

TEST_CASE("mountinfo: a line of another form is refused") {
    CHECK_THROWS_AS((void)parse_mountinfo("x 2 0:5 / /a rw - tmpfs tmpfs rw\n"), Error);
    CHECK_THROWS_AS((void)parse_mountinfo("1 2 0:5 / /a rw tmpfs tmpfs rw\n"), Error);
    CHECK_THROWS_AS((void)parse_mountinfo("1 2 0:5 - tmpfs\n"), Error);
    CHECK_THROWS_AS((void)parse_mountinfo("1 2 0:5 / /a rw -\n"), Error);
}
