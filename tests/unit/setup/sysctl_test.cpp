// Kernel settings of namespaces.
#include "corun/setup/sysctl.hpp"

#include "container_tree.hpp"
#include "corun/sys/file.hpp"
#include "forked.hpp"

#include <doctest/doctest.h>

#include <sched.h>

using namespace corun;
using namespace corun::setup;
using namespace corun::test;

namespace {

std::string error_of(
    const Plan& plan, const std::function<void()>& check = [] {}
) {
    return error_in_child(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC, [&] {
        ChildContext ctx{.plan = plan, .handshake = Handshake(sys::UniqueFd())};
        write_sysctls(ctx);
        check();
    });
}

}  // namespace

TEST_CASE(
    "sysctl: a value arrives in the container's namespace" * needs_privilege(Privilege::namespaces)
) {
    Plan plan;
    plan.sysctls = {{"net/ipv4/ip_forward", "1"}, {"kernel/msgmax", "4096"}};

    CHECK(error_of(plan, [] {
              const sys::FdRef cwd = sys::FdRef::cwd();
              expect_equal(sys::read_file(cwd, "/proc/sys/net/ipv4/ip_forward"), "1\n");
              expect_equal(sys::read_file(cwd, "/proc/sys/kernel/msgmax"), "4096\n");
          }) == "");
}

TEST_CASE("sysctl: errors name the key" * needs_privilege(Privilege::namespaces)) {
    Plan plan;

    plan.sysctls = {{"net/ipv4/nosuch", "1"}};
    CHECK(
        error_of(plan) ==
        "sysctl 'net/ipv4/nosuch' = '1': openat2(\"net/ipv4/nosuch\"): No "
        "such file or directory (ENOENT)"
    );
    plan.sysctls = {{"net/ipv4/ip_forward", "x"}};
    CHECK(error_of(plan) == "sysctl 'net/ipv4/ip_forward' = 'x': write: Invalid argument (EINVAL)");
    plan.sysctls = {{"../1/oom_score_adj", "500"}};
    CHECK(
        error_of(plan) ==
        "sysctl '../1/oom_score_adj' = '500': "
        "openat2(\"../1/oom_score_adj\"): Invalid cross-device link (EXDEV)"
    );
}
