// The five sets, as /proc/self/status shows them after the steps, and after exec.
#include "corun/setup/capabilities.hpp"

#include "corun/base/text.hpp"
#include "corun/setup/credentials.hpp"
#include "corun/setup/payload.hpp"
#include "corun/sys/credentials.hpp"
#include "forked.hpp"
#include "step_child.hpp"

#include <doctest/doctest.h>

#include <linux/capability.h>
#include <sched.h>

using namespace corun;
using namespace corun::setup;
using test::needs_privilege;
using test::Privilege;

namespace {

constexpr std::uint64_t bit(unsigned capability) {
    return std::uint64_t{1} << capability;
}

constexpr std::uint64_t kKill = bit(CAP_KILL);                 // 0x20
constexpr std::uint64_t kNetBind = bit(CAP_NET_BIND_SERVICE);  // 0x400
constexpr std::uint64_t kBoth = kKill | kNetBind;              // 0x420
constexpr std::uint64_t kAdmin = bit(CAP_SYS_ADMIN);           // 0x200000

/// inheritable permitted effective bounding ambient
std::string own_sets() {
    return concat(
        test::own_status("CapInh"),
        " ",
        test::own_status("CapPrm"),
        " ",
        test::own_status("CapEff"),
        " ",
        test::own_status("CapBnd"),
        " ",
        test::own_status("CapAmb")
    );
}

std::string take_all(ChildContext& context) {
    take_ids(context);
    drop_capabilities(context);
    return own_sets();
}

Plan plan_with(const Capabilities& capabilities) {
    Plan plan;
    plan.credentials.groups = Groups::keep;
    plan.credentials.capabilities = capabilities;
    plan.credentials.no_new_privileges = true;
    return plan;
}

std::vector<std::string> warnings_of(const test::StepOutcome& outcome) {
    std::vector<std::string> out;
    for (const Message& message : outcome.messages) {
        if (message.kind == MessageKind::warning) {
            out.emplace_back(message.text_view());
        }
    }
    return out;
}

}  // namespace

TEST_CASE("capabilities: each set is exactly the plan's" * needs_privilege(Privilege::namespaces)) {
    const Plan plan = plan_with(
        {.bounding = kBoth,
         .effective = kKill,
         .permitted = kBoth,
         .inheritable = kNetBind,
         .ambient = kNetBind}
    );

    const test::StepOutcome outcome = test::run_in_child(plan, take_all, CLONE_NEWUSER);

    CHECK(outcome.error == "");
    CHECK(warnings_of(outcome).empty());
    CHECK(
        outcome.found ==
        "0000000000000400 0000000000000420 0000000000000020 0000000000000420 0000000000000400"
    );
}

TEST_CASE("capabilities: empty sets leave nothing" * needs_privilege(Privilege::namespaces)) {
    const test::StepOutcome outcome = test::run_in_child(plan_with({}), take_all, CLONE_NEWUSER);

    CHECK(outcome.error == "");
    CHECK(
        outcome.found ==
        "0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000"
    );
}

TEST_CASE(
    "capabilities: an inheritable one may lie outside the bounding set" *
    needs_privilege(Privilege::namespaces)
) {
    const Plan plan = plan_with({.bounding = kKill, .inheritable = kNetBind});

    const test::StepOutcome outcome = test::run_in_child(plan, take_all, CLONE_NEWUSER);

    CHECK(outcome.error == "");
    CHECK(outcome.found.starts_with("0000000000000400 "));
}

TEST_CASE(
    "capabilities: they survive the change of user, the effective ones too" *
    needs_privilege(Privilege::root)
) {
    Plan plan = plan_with({.bounding = kBoth, .effective = kBoth, .permitted = kBoth});
    plan.credentials.uid = 1000;

    const test::StepOutcome outcome = test::run_in_child(plan, take_all);

    CHECK(outcome.error == "");
    CHECK(
        outcome.found ==
        "0000000000000000 0000000000000420 0000000000000420 0000000000000420 0000000000000000"
    );
}

TEST_CASE(
    "capabilities: what cannot be granted is warned of once and left out" *
    needs_privilege(Privilege::namespaces)
) {
    constexpr std::uint64_t kUnknown = bit(62);  // above any kernel's last capability
    const Plan plan = plan_with(
        {.bounding = kKill | kUnknown, .effective = kKill | kUnknown, .permitted = kKill | kUnknown}
    );

    const test::StepOutcome outcome = test::run_in_child(plan, take_all, CLONE_NEWUSER);

    CHECK(outcome.error == "");
    CHECK(
        warnings_of(outcome) ==
        std::vector<std::string>{"capabilities that cannot be granted: CAP_62"}
    );
    CHECK(
        outcome.found ==
        "0000000000000000 0000000000000020 0000000000000020 0000000000000020 0000000000000000"
    );
}

TEST_CASE(
    "capabilities: who may not drop any can keep what the bounding set has, and no less" *
    needs_privilege(Privilege::namespaces)
) {
    const Plan plan = plan_with({.bounding = kBoth, .permitted = kBoth});

    const test::StepOutcome outcome = test::run_in_child(
        plan,
        [](ChildContext& context) {
            drop_capabilities(context);  // CAP_SETPCAP too
            drop_capabilities(context);
            return own_sets();
        },
        CLONE_NEWUSER
    );
    const test::StepOutcome refused = test::run_in_child(
        plan,
        [](ChildContext& context) {
            drop_capabilities(context);
            sys::limit_bounding_set(kKill);
            return own_sets();
        },
        CLONE_NEWUSER
    );

    CHECK(outcome.error == "");
    CHECK(
        outcome.found ==
        "0000000000000000 0000000000000420 0000000000000000 0000000000000420 0000000000000000"
    );
    CHECK(
        refused.error ==
        R"(prctl(PR_CAPBSET_DROP)("CAP_NET_BIND_SERVICE"): Operation not permitted (EPERM))"
    );
}

TEST_CASE("capabilities: a warning names the capability" * needs_privilege(Privilege::namespaces)) {
    const Plan plan = plan_with({.bounding = kBoth, .inheritable = kKill, .ambient = kKill});

    const test::StepOutcome outcome = test::run_in_child(plan, take_all, CLONE_NEWUSER);

    // Ambient needs permitted as well, which the plan does not give.
    CHECK(
        warnings_of(outcome) ==
        std::vector<std::string>{"can't raise ambient capability CAP_KILL: operation not permitted"}
    );
}

TEST_CASE(
    "capabilities: an ambient one that is not inheritable is warned of and passed over" *
    needs_privilege(Privilege::namespaces)
) {
    const Plan plan = plan_with({.bounding = kBoth, .permitted = kKill, .ambient = kKill});

    const test::StepOutcome outcome = test::run_in_child(plan, take_all, CLONE_NEWUSER);

    CHECK(outcome.error == "");
    CHECK(
        warnings_of(outcome) ==
        std::vector<std::string>{"can't raise ambient capability CAP_KILL: operation not permitted"}
    );
}

TEST_CASE(
    "capabilities: without no_new_privs CAP_SYS_ADMIN stays until the filter is loaded" *
    needs_privilege(Privilege::namespaces)
) {
    Plan plan = plan_with({.bounding = kKill, .effective = kKill, .permitted = kKill});
    plan.credentials.no_new_privileges = false;
    plan.seccomp.program = "a filter";

    const test::StepOutcome outcome = test::run_in_child(
        plan,
        [](ChildContext& context) {
            drop_capabilities(context);
            const std::string before = test::own_status("CapEff");
            finish_capabilities(context);
            return before + " " + own_sets();
        },
        CLONE_NEWUSER
    );

    CHECK(outcome.error == "");
    CHECK(
        outcome.found ==
        "0000000000200020 "
        "0000000000000000 0000000000000020 0000000000000020 0000000000000020 0000000000000000"
    );
    CHECK(kAdmin == 0x200000);
}

TEST_CASE(
    "capabilities: only ambient ones reach a payload that is not root" *
    needs_privilege(Privilege::root)
) {
    Plan plan = plan_with(
        {.bounding = kBoth,
         .effective = kBoth,
         .permitted = kBoth,
         .inheritable = kKill,
         .ambient = kKill}
    );
    plan.credentials.uid = 1000;
    plan.payload.args = {"grep", "CapEff", "/proc/self/status"};

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        (void)take_all(context);
        context.executable = "/bin/grep";
        prepare_exec(context);
        exec_payload(context);
        return std::string();
    });

    CHECK(outcome.output == "CapEff:\t0000000000000020\n");
}
