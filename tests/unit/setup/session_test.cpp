// Session, keyring and dumpability.
#include "corun/setup/session.hpp"

#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "step_child.hpp"

#include <doctest/doctest.h>

#include <linux/keyctl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

using namespace corun;
using namespace corun::setup;

namespace {

std::string session_keyring() {
    std::array<char, 256> text{};
    (void
    )::syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text.data(), text.size());
    return text.data();
}

struct needs_keyrings {  // NOLINT(readability-identifier-naming): reads as a word among doctest's

    void fill(doctest::detail::TestCase& test) const {
        if (::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) < 0) {
            test.m_skip = true;
            test.m_description = "needs a kernel with keyrings";
        }
    }
};

}  // namespace

TEST_CASE("session: the process leads a session of its own") {
    const test::StepOutcome outcome = test::run_in_child({}, [](ChildContext& context) {
        start_session(context);
        return std::string(::getsid(0) == ::getpid() ? "leader" : "member");
    });

    CHECK(outcome.found == "leader");
}

TEST_CASE("session: nobody may look into the process any more") {
    const test::StepOutcome outcome = test::run_in_child({}, [](ChildContext& context) {
        make_undumpable(context);
        return std::to_string(::prctl(PR_GET_DUMPABLE));
    });

    CHECK(outcome.found == "0");
}

TEST_CASE(
    "session: a session keyring of the plan's name is joined, searchable by its user" *
    needs_keyrings()
) {
    Plan plan;
    plan.session_keyring = "_ses.keyring-test";

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        join_session_keyring(context);
        return session_keyring();
    });

    CHECK(outcome.error == "");
    const std::vector<std::string_view> fields = split(outcome.found, ';');
    REQUIRE(fields.size() == 5);
    CHECK(fields[4] == "_ses.keyring-test");
    const auto permissions = parse_number<std::uint32_t>(fields[3], 16);
    REQUIRE(permissions);
    CHECK((*permissions & 0x00080000U) != 0);
    CHECK((*permissions & 0x00000008U) == 0);
}

TEST_CASE(
    "session: with a user namespace others may search the keyring, as exec comes as another" *
    needs_keyrings()
) {
    Plan plan;
    plan.session_keyring = "_ses.keyring-test-user";
    plan.namespaces.created = CLONE_NEWUSER;

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        join_session_keyring(context);
        return session_keyring();
    });

    const std::vector<std::string_view> fields = split(outcome.found, ';');
    REQUIRE(fields.size() == 5);
    CHECK((parse_number<std::uint32_t>(fields[3], 16).value_or(0) & 0x00000008U) != 0);
}
