// What a process sets on itself: asked back from the kernel.
#include "corun/setup/attributes.hpp"

#include "corun/base/text.hpp"
#include "step_child.hpp"

#include <climits>
#include <doctest/doctest.h>

#include <sched.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

using namespace corun;
using namespace corun::setup;

namespace {

constexpr int kIdleClass = 3 << 13;

}  // namespace

TEST_CASE("attributes: an empty plan changes nothing") {
    const test::StepOutcome outcome = test::run_in_child({}, [](ChildContext& context) {
        const int before = ::sched_getscheduler(0);
        set_attributes(context);
        return std::string(::sched_getscheduler(0) == before ? "same" : "changed");
    });

    CHECK(outcome.error == "");
    CHECK(outcome.found == "same");
}

TEST_CASE("attributes: scheduler, I/O priority and personality are those of the plan") {
    Plan plan;
    plan.attributes.scheduler = SchedulerPlan{.policy = SCHED_BATCH, .nice = 7};
    plan.attributes.io_priority = kIdleClass;
    plan.attributes.personality = PER_LINUX32;

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        set_attributes(context);
        return concat(
            ::sched_getscheduler(0),
            " ",
            ::syscall(SYS_getpriority, 0, 0),
            " ",
            ::syscall(SYS_ioprio_get, 1, 0),
            " ",
            ::personality(0xffffffff)
        );
    });

    CHECK(outcome.error == "");
    // The system call's priority is 20 - nice.
    CHECK(outcome.found == concat(SCHED_BATCH, " 13 ", kIdleClass, " ", int{PER_LINUX32}));
}

TEST_CASE("attributes: the process may run on the CPUs of the mask only") {
    Plan plan;
    plan.attributes.cpu_affinity = {1};

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        set_attributes(context);
        return test::own_status("Cpus_allowed_list");
    });

    CHECK(outcome.found == "0");
}

TEST_CASE("attributes: a memory policy is set with its nodes") {
    constexpr int kBind = 2;  // MPOL_BIND
    Plan plan;
    plan.attributes.memory_policy = MemoryPolicyPlan{.mode = kBind, .node_mask = {1}};

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        set_attributes(context);
        int mode = -1;
        std::array<unsigned long, 16> nodes{};
        (void)::syscall(
            SYS_get_mempolicy,
            &mode,
            nodes.data(),
            nodes.size() * sizeof nodes[0] * CHAR_BIT,
            nullptr,
            0UL
        );
        return concat(mode, " ", nodes[0]);
    });

    const std::string no_numa =
        concat("set_mempolicy(", kBind, "): Function not implemented (ENOSYS)");
    if (outcome.error == no_numa) {
        return;  // a kernel without NUMA says so, which is the answer that a user is to see
    }
    CHECK(outcome.error == "");
    CHECK(outcome.found == "2 1");
}

TEST_CASE("attributes: an error names what was set, and to what") {
    Plan plan;
    plan.attributes.scheduler = SchedulerPlan{.policy = 77, .nice = 3};

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        set_attributes(context);
        return std::string();
    });

    CHECK(
        outcome.error == "sched_setattr(policy 77, nice 3, priority 0): Invalid argument (EINVAL)"
    );
}
