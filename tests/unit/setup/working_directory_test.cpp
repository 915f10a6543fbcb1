// chdir into process.cwd, and what must be refused.
#include "corun/setup/working_directory.hpp"

#include "corun/base/text.hpp"
#include "corun/setup/credentials.hpp"
#include "corun/sys/credentials.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/uapi.hpp"
#include "forked.hpp"
#include "step_child.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace corun;
using namespace corun::setup;
using test::needs_privilege;
using test::Privilege;

namespace {

/// A directory of the test's own, removed at its end with what is in it.
class Scratch {
public:
    Scratch() {
        REQUIRE(::mkdtemp(path_.data()) != nullptr);
        REQUIRE(::chmod(path_.c_str(), 0755) == 0);
        REQUIRE(::mkdir((path_ + "/inner").c_str(), 0700) == 0);
    }

    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    Scratch(Scratch&&) = delete;
    Scratch& operator=(Scratch&&) = delete;

    ~Scratch() {
        (void)::rmdir((path_ + "/inner/made/deep").c_str());
        (void)::rmdir((path_ + "/inner/made").c_str());
        (void)::rmdir((path_ + "/inner").c_str());
        (void)::rmdir(path_.c_str());
    }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_ = "/tmp/corun-cwd-XXXXXX";
};

std::string enter(ChildContext& context) {
    enter_cwd(context);
    return sys::try_getcwd().value_or("unreachable");
}

}  // namespace

TEST_CASE("working directory: the plan's is entered") {
    const Scratch scratch;
    Plan plan;
    plan.payload.cwd = scratch.path();

    const test::StepOutcome outcome = test::run_in_child(plan, enter);

    CHECK(outcome.error == "");
    CHECK(outcome.found == scratch.path());
}

TEST_CASE("working directory: an absent one is an error in runc's words") {
    Plan plan;
    plan.payload.cwd = "/does/not/exist";

    const test::StepOutcome outcome = test::run_in_child(plan, enter);

    CHECK(
        outcome.error ==
        "chdir to cwd (\"/does/not/exist\") set in config.json failed: "
        "No such file or directory (ENOENT)"
    );
}

TEST_CASE("working directory: it is made where absent, below the root") {
    const Scratch scratch;
    Plan plan;
    plan.payload.cwd = "/made/deep";

    const test::StepOutcome outcome = test::run_in_child(plan, [&](ChildContext& context) {
        context.root.emplace(sys::open(scratch.path() + "/inner", O_PATH | O_DIRECTORY));
        make_cwd(context);
        return std::string();
    });

    CHECK(outcome.error == "");
    CHECK(::access((scratch.path() + "/inner/made/deep").c_str(), F_OK) == 0);
}

TEST_CASE(
    "working directory: root, where refused, leaves it to the payload's user" *
    needs_privilege(Privilege::root)
) {
    const Scratch scratch;
    const std::string inner = scratch.path() + "/inner";
    REQUIRE(::chown(inner.c_str(), 1000, 1000) == 0);
    Plan plan;
    plan.payload.cwd = inner;
    plan.credentials = {.uid = 1000, .gid = 1000};

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        // A root without CAP_DAC_OVERRIDE stands for one that a network file system squashes.
        sys::CapabilitySets held = sys::capget();
        held.effective &= ~((1ULL << 1U) | (1ULL << 2U));
        sys::capset(held);
        enter_cwd(context);
        const bool refused = !context.entered_cwd;
        take_ids(context);
        enter_cwd_as_user(context);
        return concat(
            refused ? "refused, then " : "entered, then ", sys::try_getcwd().value_or("?")
        );
    });

    CHECK(outcome.error == "");
    CHECK(outcome.found == "refused, then " + inner);
}

TEST_CASE(
    "working directory: what neither root nor the user may enter is an error" *
    needs_privilege(Privilege::root)
) {
    const Scratch scratch;
    Plan plan;
    plan.payload.cwd = scratch.path() + "/inner";
    plan.credentials = {.uid = 1000, .gid = 1000};

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        take_ids(context);
        enter_cwd_as_user(context);
        return std::string();
    });

    CHECK(outcome.error.ends_with("set in config.json failed: Permission denied (EACCES)"));
}

TEST_CASE(
    "working directory: a descriptor from outside the root is no way out" *
    needs_privilege(Privilege::namespaces)
) {
    const Scratch scratch;

    // CVE-2024-21626: cwd is /proc/self/fd/N of a directory that leaked.
    const test::StepOutcome outcome = test::run_in_child(
        {},
        [&](ChildContext&) {
            const sys::UniqueFd leaked = sys::open("/", O_PATH | O_DIRECTORY);
            sys::chroot(scratch.path());
            sys::fchdir(leaked);  // what chdir("/proc/self/fd/N") comes to
            Plan plan;
            plan.payload.cwd = ".";
            ChildContext inside{.plan = plan, .handshake = Handshake(sys::UniqueFd())};
            enter_cwd(inside);
            return std::string("entered");
        },
        CLONE_NEWUSER | CLONE_NEWNS
    );

    CHECK(
        outcome.error ==
        "current working directory is outside of container mount namespace root -- possible "
        "container breakout detected"
    );
}
