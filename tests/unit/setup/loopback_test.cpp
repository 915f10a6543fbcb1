// The loopback interface of a new network namespace.
#include "corun/setup/loopback.hpp"

#include "container_tree.hpp"
#include "corun/base/error.hpp"
#include "corun/sys/network.hpp"
#include "forked.hpp"

#include <doctest/doctest.h>

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <net/if.h>

using namespace corun;
using namespace corun::setup;
using namespace corun::test;

namespace {

bool loopback_is_up() {
    const sys::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    struct ifreq request = {.ifr_ifrn = {"lo"}, .ifr_ifru = {}};
    return ::ioctl(socket.ref().number(), SIOCGIFFLAGS, &request) == 0 &&
           (request.ifr_flags & IFF_UP) != 0;
}

}  // namespace

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
