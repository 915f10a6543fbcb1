// The loopback interface of a new network namespace.
#include "corun/setup/loopback.hpp"

#include "container_tree.hpp"
#include "corun/base/error.hpp"
#include "corun/sys/network.hpp"
#include "forked.hpp"
#include "loopback.hpp"

#include <doctest/doctest.h>

#include <sched.h>

using namespace corun;
using namespace corun::setup;
using namespace corun::test;

TEST_CASE("loopback: it is down before and up after" * needs_privilege(Privilege::namespaces)) {
    const Plan plan;

    CHECK(error_in_child(CLONE_NEWNET, [&] {
              expect(!loopback_is_up(), "down");
              ChildContext ctx{.plan = plan, .handshake = Handshake(sys::UniqueFd())};
              bring_loopback_up(ctx);
              expect(loopback_is_up(), "up");
          }) == "");
}

TEST_CASE("loopback: an interface that is not there is an error") {
    CHECK_THROWS_WITH_AS(
        sys::bring_interface_up("nosuch0"),
        "ioctl(SIOCGIFFLAGS)(\"nosuch0\"): No such device (ENODEV)",
        Error
    );
}
