// Names of a UTS namespace.
#include "corun/setup/hostname.hpp"

#include "container_tree.hpp"
#include "corun/sys/file.hpp"
#include "forked.hpp"

#include <doctest/doctest.h>

#include <sched.h>
#include <sys/utsname.h>

using namespace corun;
using namespace corun::setup;
using namespace corun::test;

TEST_CASE(
    "hostname: both names are set in the container's namespace alone" *
    needs_privilege(Privilege::namespaces)
) {
    Plan plan;
    plan.hostname = "web";
    plan.domainname = "example";
    struct utsname before = {};
    REQUIRE(::uname(&before) == 0);

    CHECK(error_in_child(CLONE_NEWUTS, [&] {
              ChildContext ctx{.plan = plan, .handshake = Handshake(sys::UniqueFd())};
              set_names(ctx);
              struct utsname names = {};
              ::uname(&names);
              expect_equal(names.nodename, "web");
              expect_equal(names.domainname, "example");
          }) == "");
    struct utsname after = {};
    REQUIRE(::uname(&after) == 0);
    CHECK(std::string_view(after.nodename) == before.nodename);
}

TEST_CASE("hostname: one that is too long is an error" * needs_privilege(Privilege::namespaces)) {
    Plan plan;
    plan.hostname = std::string(65, 'x');

    CHECK(error_in_child(CLONE_NEWUTS, [&] {
              ChildContext ctx{.plan = plan, .handshake = Handshake(sys::UniqueFd())};
              set_names(ctx);
          }) == "sethostname(\"" + plan.hostname + "\"): Invalid argument (EINVAL)");
}
