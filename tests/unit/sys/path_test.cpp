// Paths below a root: what a hostile tree cannot do.
#include "corun/sys/path.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

using namespace corun;
using namespace corun::sys;
namespace fs = std::filesystem;

namespace {

/// A rootfs and a "host" directory beside it, removed at the end.
struct Tree {
    fs::path top;

    Tree() {
        std::string pattern = fs::temp_directory_path() / "corun-path.XXXXXX";
        top = ::mkdtemp(pattern.data());
        fs::create_directories(top / "rootfs/a/b");
        fs::create_directories(top / "host");
    }

    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;
    Tree(Tree&&) = delete;
    Tree& operator=(Tree&&) = delete;

    ~Tree() { fs::remove_all(top); }

    void link(const std::string& target, const std::string& name) const {
        fs::create_symlink(target, top / "rootfs" / name);
    }

    [[nodiscard]] RootDir root() const {
        return RootDir(sys::open(top / "rootfs", O_PATH | O_DIRECTORY));
    }

    [[nodiscard]] bool exists(const std::string& path) const {
        return fs::exists(fs::symlink_status(top / path));
    }
};

std::string where(FdRef fd) {
    return fs::read_symlink(proc_self_fd(fd));
}

}  // namespace

TEST_CASE("path: an absolute symlink is resolved below the root") {
    const Tree tree;
    tree.link("/a", "link");

    CHECK(where(tree.root().open("link/b", O_PATH)) == (tree.top / "rootfs/a/b").string());
}

TEST_CASE("path: .. does not climb above the root") {
    const Tree tree;

    CHECK(where(tree.root().open("../../a", O_PATH)) == (tree.top / "rootfs/a").string());
}

TEST_CASE("path: ensure_directory makes what is missing, once") {
    const Tree tree;

    CHECK(where(tree.root().ensure_directory("/x/y/z")) == (tree.top / "rootfs/x/y/z").string());
    CHECK(where(tree.root().ensure_directory("x/y/z")) == (tree.top / "rootfs/x/y/z").string());
}

TEST_CASE("path: ensure_file behind a symlink to the host makes the file inside the root") {
    const Tree tree;
    tree.link((tree.top / "host").string(), "out");

    const UniqueFd file = tree.root().ensure_file("out/file");

    CHECK_FALSE(tree.exists("host/file"));
    CHECK(where(file).starts_with((tree.top / "rootfs").string()));
}

TEST_CASE("path: a dangling symlink is followed below the root and its target made") {
    const Tree tree;
    tree.link("../run/systemd/resolv.conf", "a/resolv.conf");

    const UniqueFd file = tree.root().ensure_file("/a/resolv.conf");

    CHECK(where(file) == (tree.top / "rootfs/run/systemd/resolv.conf").string());
}

TEST_CASE("path: a loop of symlinks is an error, not a hang") {
    const Tree tree;
    tree.link("loop", "loop");

    CHECK_THROWS_AS((void)tree.root().ensure_file("loop"), Error);
}

TEST_CASE("path: open_without_symlinks refuses any symlink on the way") {
    const Tree tree;
    tree.link("a", "proc");

    CHECK_THROWS_WITH_AS(
        (void)tree.root().open_without_symlinks("/proc", O_PATH),
        "openat2(\"proc\"): Too many levels of symbolic links (ELOOP)",
        Error
    );
    CHECK(tree.root().try_open_without_symlinks("/missing", O_PATH) == std::nullopt);
}

TEST_CASE("path: relative_to_root and clean_absolute tidy a path") {
    CHECK(relative_to_root("/a//b/./c/") == "a/b/c");
    CHECK(relative_to_root("/") == "");
    CHECK(clean_absolute("/a/../b/./c/..") == "/b");
    CHECK(clean_absolute("../..") == "/");
    CHECK(clean_absolute("a/b") == "/a/b");
}
