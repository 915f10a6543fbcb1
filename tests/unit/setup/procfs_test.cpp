// The procfs of one's own.
#include "corun/setup/procfs.hpp"

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

std::string name_on_host() {
    return sys::read_file(sys::FdRef::cwd(), "/proc/self/comm");
}

std::string own_name(sys::FdRef proc) {
    return sys::read_all(open_own_entry(proc, "comm", O_RDONLY), 100);
}

/// As a runtime in a container finds it: a file of /proc is covered.
void cover_host_proc(const char* path) {
    const sys::UniqueFd null = sys::clone_tree(sys::FdRef::cwd(), "/dev/null", sys::Depth::single);
    sys::attach_mount(null, sys::open(path, O_PATH));
}

}  // namespace

TEST_CASE(
    "procfs: one's own shows processes and nothing of the kernel" *
    needs_privilege(Privilege::namespaces)
) {
    CHECK(error_in_child(CLONE_NEWNS | CLONE_NEWPID, [] {
              const sys::UniqueFd proc = open_private_proc(ProcContent::processes);
              expect_equal(own_name(proc), name_on_host());
              expect(!sys::try_openat(proc, "sys", O_PATH), "no sysctls");
          }) == "");
}

TEST_CASE(
    "procfs: whatever lies over /proc, one's own is the kernel's" * needs_privilege(Privilege::root)
) {
    CHECK(error_in_child(CLONE_NEWNS | CLONE_NEWPID, [] {
              sys::FilesystemContext fake("tmpfs");
              fake.create();
              sys::attach_mount(fake.mount(0), sys::open("/proc", O_PATH));
              const sys::UniqueFd proc = open_private_proc(ProcContent::everything);
              expect(sys::filesystem_type(proc) == PROC_SUPER_MAGIC, "a procfs");
              (void)open_in_proc(proc, "sys/kernel/hostname", O_RDONLY);
          }) == "");
}

TEST_CASE(
    "procfs: a partly masked host procfs is cloned, its covers are not crossed" *
    needs_privilege(Privilege::root)
) {
    CHECK(error_in_child(CLONE_NEWNS, [] {
              cover_host_proc("/proc/uptime");
              const std::string error = error_in_child(CLONE_NEWUSER | CLONE_NEWPID, [] {
                  sys::unshare(CLONE_NEWNS);
                  const sys::UniqueFd proc = open_private_proc(ProcContent::everything);
                  expect_equal(own_name(proc), name_on_host());
                  (void)open_in_proc(proc, "uptime", O_RDONLY);
              });
              expect_equal(error, "openat2(\"uptime\"): Invalid cross-device link (EXDEV)");
          }) == "");
}

TEST_CASE("procfs: no symlink is followed below it" * needs_privilege(Privilege::namespaces)) {
    CHECK(error_in_child(CLONE_NEWNS | CLONE_NEWPID, [] {
              const sys::UniqueFd proc = open_private_proc(ProcContent::processes);
              (void)open_in_proc(proc, "self/comm", O_RDONLY);
          }) == "openat2(\"self/comm\"): Too many levels of symbolic links (ELOOP)");
    CHECK(error_in_child(CLONE_NEWNS | CLONE_NEWPID, [] {
              const sys::UniqueFd proc = open_private_proc(ProcContent::processes);
              (void)open_own_entry(proc, "root/etc", O_PATH);
          }) == "openat2(\"thread-self/root/etc\"): Too many levels of symbolic links (ELOOP)");
}

TEST_CASE(
    "procfs: an attribute is written to the calling thread" * needs_privilege(Privilege::namespaces)
) {
    const Plan plan;
    CHECK(error_in_child(CLONE_NEWNS | CLONE_NEWPID, [&] {
              ChildContext ctx{.plan = plan, .handshake = Handshake(sys::UniqueFd())};
              open_own_proc(ctx);
              write_own_attribute(ctx, "comm", "renamed");
              expect_equal(own_name(ctx.proc), "renamed\n");
          }) == "");
}
