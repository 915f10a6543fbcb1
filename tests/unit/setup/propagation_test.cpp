// The cut from the host's mount propagation.
#include "corun/setup/propagation.hpp"

#include "container_tree.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "forked.hpp"

#include <doctest/doctest.h>

#include <sched.h>
#include <sys/mount.h>

using namespace corun;
using namespace corun::setup;
using namespace corun::test;

TEST_CASE("propagation: no inherited mount stays shared" * needs_privilege(Privilege::namespaces)) {
    Plan plan;
    plan.rootfs.propagation = MS_SLAVE;

    CHECK(error_in_child(CLONE_NEWNS, [&] {
              sys::mount_setattr_at(
                  sys::FdRef::cwd(), "/", {.propagation = MS_SHARED}, sys::Depth::recursive
              );
              ChildContext ctx{.plan = plan, .handshake = Handshake(sys::UniqueFd())};
              set_propagation(ctx);
              const std::string mounts = sys::read_file(sys::FdRef::cwd(), "/proc/self/mountinfo");
              expect(mounts.find(" shared:") == std::string::npos, "no shared mount");
          }) == "");
}
