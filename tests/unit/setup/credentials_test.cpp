// The change of ids, read back from the kernel.
#include "corun/setup/credentials.hpp"

#include "corun/base/text.hpp"
#include "forked.hpp"
#include "step_child.hpp"

#include <doctest/doctest.h>

#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace corun;
using namespace corun::setup;
using test::needs_privilege;
using test::Privilege;

TEST_CASE(
    "credentials: user, group, groups and umask are the plan's" * needs_privilege(Privilege::root)
) {
    Plan plan;
    plan.credentials = {.uid = 1001, .gid = 1002, .additional_gids = {7, 8}, .umask = 0027};

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        take_ids(context);
        return concat(
            test::own_status("Uid"),
            " | ",
            test::own_status("Gid"),
            " | ",
            test::own_status("Groups"),
            " | ",
            test::own_status("Umask")
        );
    });

    CHECK(outcome.error == "");
    CHECK(outcome.found == "1001\t1001\t1001\t1001 | 1002\t1002\t1002\t1002 | 7 8 | 0027");
}

TEST_CASE(
    "credentials: without capabilities in the plan none survive the change of user" *
    needs_privilege(Privilege::root)
) {
    Plan plan;
    plan.credentials = {.uid = 1001, .gid = 1001};

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        take_ids(context);
        return test::own_status("CapPrm");
    });

    CHECK(outcome.found == "0000000000000000");
}

TEST_CASE(
    "credentials: the process stays undumpable and groups are kept where they must be" *
    needs_privilege(Privilege::root)
) {
    Plan plan;
    plan.credentials = {.uid = 1001, .gid = 1001, .additional_gids = {9}, .groups = Groups::keep};

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        const std::string before = test::own_status("Groups");
        take_ids(context);
        const bool kept = test::own_status("Groups") == before;
        return concat(::prctl(PR_GET_DUMPABLE), kept ? " kept" : " changed");
    });

    CHECK(outcome.found == "0 kept");
}

TEST_CASE(
    "credentials: an id that the user namespace lacks is named" *
    needs_privilege(Privilege::namespaces)
) {
    Plan plan;
    plan.credentials = {.uid = 70000, .gid = 0, .groups = Groups::keep};

    const test::StepOutcome outcome = test::run_in_child(
        plan,
        [](ChildContext& context) {
            take_ids(context);
            return std::string();
        },
        CLONE_NEWUSER
    );

    CHECK(outcome.error == "setresuid(70000): Invalid argument (EINVAL)");
}
