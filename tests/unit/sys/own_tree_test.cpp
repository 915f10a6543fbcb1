// A bind mount of one file of a file system that is nowhere attached.
#include "corun/sys/own_tree.hpp"

#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

using namespace corun;

namespace {

sys::UniqueFd tmpfs_with_fifo() {
    sys::FilesystemContext context("tmpfs");
    context.create();
    sys::UniqueFd mount = context.mount(0);
    REQUIRE(sys::try_mknodat(mount, "fifo", S_IFIFO | 0600, 0));
    return mount;
}

bool is_mounted_fifo(sys::FdRef tree) {
    return S_ISFIFO(sys::fstat(tree).st_mode) && sys::mount_position(tree).is_root;
}

}  // namespace

TEST_CASE("own tree: one file of a detached file system is a mount of its own") {
    const sys::UniqueFd mount = tmpfs_with_fifo();

    CHECK(is_mounted_fifo(sys::clone_own_tree(mount, "fifo")));
}

TEST_CASE("own tree: it is so on a kernel that clones no part of a detached mount, too") {
    const sys::UniqueFd mount = tmpfs_with_fifo();

    const sys::UniqueFd tree = sys::clone_tree_in_child(mount, "fifo");

    CHECK(is_mounted_fifo(tree));
    CHECK((::fcntl(tree.ref().number(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("own tree: what is not there is an error with its reason") {
    const sys::UniqueFd mount = tmpfs_with_fifo();

    try {
        (void)sys::clone_tree_in_child(mount, "absent");
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.error_number() == ENOENT);
    }
}
