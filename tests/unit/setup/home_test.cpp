// Whose home directory is taken from a passwd file, and what is refused in it.
#include "corun/setup/home.hpp"

#include "container_tree.hpp"
#include "forked.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <string>

using namespace corun::setup;
using corun::test::ContainerTree;
using corun::test::error_in_child;
using corun::test::expect;
using corun::test::expect_equal;

namespace {

/// find_home() with the tree's rootfs as root directory.
std::string error_of_lookup(const ContainerTree& tree, uid_t uid, const char* wanted) {
    return error_in_child(0, [&] {
        expect(::chroot(tree.in_rootfs("/").c_str()) == 0, "chroot");
        expect(::chdir("/") == 0, "chdir");
        expect_equal(find_home(uid).value_or("nothing"), wanted);
    });
}

}  // namespace

TEST_CASE("home: the first entry with the number counts, never a name") {
    const std::string_view passwd =
        "1000:x:0:0::/wrong:/bin/sh\n"
        "# a comment\n"
        "web:x:1000:1000:The: Web:/home/web:/bin/sh\n"
        "web:x:1000:1000::/home/web:/bin/sh\n"
        "last:x:7:7::/last";

    CHECK(home_in(passwd, 0) == "/wrong");
    CHECK(home_in(passwd, 7) == "/last");
    CHECK(home_in("web:x:1000:1000::/home/web:/bin/sh\nb:x:1000:1::/b:\n", 1000) == "/home/web");
    CHECK_FALSE(home_in(passwd, 1));
    CHECK_FALSE(home_in("", 0));
    CHECK_FALSE(home_in("\n\n:\n", 0));
}

TEST_CASE("home: an entry with a bad number or too few fields is none") {
    CHECK_FALSE(home_in("a:x::0::/a:\nb:x:+0:0::/b:\nc:x:0x0:0::/c:\nd:x: 0:0::/d:\n", 0));
    CHECK_FALSE(home_in("a:x:4294967296:0::/a:\n", 0));
    CHECK_FALSE(home_in("a:x:0:0:/a\n", 0));
}

TEST_CASE("home: a directory that is not absolute or has control characters is not passed on") {
    CHECK_FALSE(home_in("a:x:0:0::rel:/bin/sh\n", 0));
    CHECK_FALSE(home_in("a:x:0:0:::/bin/sh\n", 0));
    CHECK_FALSE(home_in("a:x:0:0::/a\tb:/bin/sh\n", 0));
    CHECK_FALSE(home_in("a:x:0:0::/a\x7f:/bin/sh\n", 0));
    CHECK_FALSE(home_in("a:x:0:0::/a\r\n", 0));
    CHECK_FALSE(home_in(std::string("a:x:0:0::/a\0b:/bin/sh\n", 22), 0));
    CHECK(home_in("a:x:0:0::/h\xc3\xb6me:/bin/sh\n", 0) == "/h\xc3\xb6me");
}

TEST_CASE(
    "home: is read below the root, through symlinks that stay there" *
    corun::test::needs_privilege(corun::test::Privilege::root)
) {
    const ContainerTree tree;
    CHECK(error_of_lookup(tree, 5, "nothing") == "");
    tree.directory("/etc");
    tree.directory("/usr");
    tree.file("/usr/passwd", "a:x:5:5::/a:\n");
    tree.symlink("/etc/passwd", "../../../usr/passwd");

    CHECK(error_of_lookup(tree, 5, "/a") == "");
    CHECK(error_of_lookup(tree, 6, "nothing") == "");
}

TEST_CASE(
    "home: what is not a regular file is not waited for" *
    corun::test::needs_privilege(corun::test::Privilege::root)
) {
    const ContainerTree tree;
    tree.directory("/etc");
    REQUIRE(::mkfifo(tree.in_rootfs("/etc/passwd").c_str(), 0600) == 0);

    CHECK(error_of_lookup(tree, 5, "nothing") == "");
}

TEST_CASE(
    "home: no more of a huge file is read than a passwd file has (CVE-2025-4437)" *
    corun::test::needs_privilege(corun::test::Privilege::root)
) {
    const ContainerTree tree;
    tree.directory("/etc");
    const std::string filler = "#" + std::string((1 << 20) - 2, 'x') + "\n";
    tree.file("/etc/passwd", filler + "a:x:5:5::/a:\n");
    CHECK(error_of_lookup(tree, 5, "nothing") == "");

    tree.file("/etc/passwd", filler.substr(filler.size() / 2) + "a:x:5:5::/a:\n");
    CHECK(error_of_lookup(tree, 5, "/a") == "");
}
