// Clones of mount trees and their settings.
#include "corun/setup/bind_source.hpp"

#include "container_tree.hpp"
#include "corun/base/error.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/uapi.hpp"
#include "forked.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sched.h>

using namespace corun;
using namespace corun::setup;
using namespace corun::test;

namespace {

bool refuses_writes(sys::FdRef directory, const std::string& path) {
    int error_number = 0;
    (void)sys::openat2_nothrow(directory, path, O_WRONLY, 0, error_number);
    return error_number == EROFS;
}

}  // namespace

TEST_CASE(
    "bind source: attributes are on the clone, not on the original" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;

    CHECK(error_in_child(CLONE_NEWNS, [&] {
              const sys::UniqueFd clone = clone_bind_source(
                  sys::FdRef::cwd(),
                  tree.on_host("victim"),
                  sys::Depth::single,
                  {.attributes = {.set = MOUNT_ATTR_RDONLY}}
              );
              expect(refuses_writes(clone, "canary"), "EROFS");
              expect(!refuses_writes(sys::FdRef::cwd(), tree.on_host("victim/canary")), "no EROFS");
          }) == "");
}

TEST_CASE(
    "bind source: recursive attributes reach the mounts below" *
    needs_privilege(Privilege::namespaces)
) {
    const ContainerTree tree;

    CHECK(error_in_child(CLONE_NEWNS, [&] {
              const sys::UniqueFd inner = sys::clone_tree(
                  sys::FdRef::cwd(), tree.on_host("victim/canary"), sys::Depth::single
              );
              sys::attach_mount(inner, sys::open(tree.on_host("victim/canary"), O_PATH));
              const sys::UniqueFd clone = clone_bind_source(
                  sys::FdRef::cwd(),
                  tree.on_host("victim"),
                  sys::Depth::recursive,
                  {.recursive_attributes = {.set = MOUNT_ATTR_RDONLY}}
              );
              expect(refuses_writes(clone, "canary"), "EROFS");
          }) == "");
}

TEST_CASE("bind source: an id mapping shifts the owners" * needs_privilege(Privilege::root)) {
    const ContainerTree tree;
    // A user namespace that maps its root to 0: what it shows is what is there.
    sys::UniqueFd user_namespace;
    sys::Pipe hold = sys::make_pipe();
    const sys::Cloned holder = sys::clone3(CLONE_NEWUSER);
    if (holder.in_child()) {
        hold.write_end.reset();
        char end = 0;
        (void)sys::read_some(hold.read_end, &end, 1);
        ::_exit(0);
    }
    const std::string directory = "/proc/" + std::to_string(holder.pid);
    sys::write_file(sys::FdRef::cwd(), directory + "/uid_map", "0 1000 10");
    sys::write_file(sys::FdRef::cwd(), directory + "/gid_map", "0 2000 10");
    user_namespace = sys::open(directory + "/ns/user", O_RDONLY);
    hold.write_end.reset();
    CHECK(holder.process.wait().success());

    const std::string error = error_in_child(CLONE_NEWNS, [&] {
        const sys::UniqueFd clone = clone_bind_source(
            sys::FdRef::cwd(),
            tree.on_host("victim"),
            sys::Depth::single,
            {.idmap = MountIdmap{.user_namespace = user_namespace}}
        );
        const struct stat status = sys::fstat(sys::openat(clone, "canary", O_PATH));
        expect(status.st_uid == 1000 && status.st_gid == 2000, "the mapped owner");
    });
    if (error.find("mount_setattr: Invalid argument (EINVAL)") != std::string::npos) {
        MESSAGE("skipped: the file system of the temporary directory takes no id mapping");
        return;
    }
    CHECK(error == "");
}

TEST_CASE(
    "bind source: a source that is not there is an error with its path" *
    needs_privilege(Privilege::namespaces)
) {
    CHECK(error_in_child(CLONE_NEWNS, [] {
              (void)take_tree({.path = "/nowhere"});
          }) == "open_tree(\"/nowhere\"): No such file or directory (ENOENT)");
}
