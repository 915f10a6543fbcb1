// Whose the standard streams are after the step.
#include "corun/setup/stdio.hpp"

#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "forked.hpp"
#include "step_child.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>

using namespace corun;
using namespace corun::setup;
using test::needs_privilege;
using test::Privilege;

namespace {

Plan plan_of_user_1000() {
    Plan plan;
    plan.credentials.uid = 1000;
    return plan;
}

std::string owner_of(int number) {
    return std::to_string(sys::fstat(sys::FdRef(number)).st_uid);
}

}  // namespace

TEST_CASE(
    "stdio: pipes and sockets become the payload user's, files do not" *
    needs_privilege(Privilege::root)
) {
    const test::StepOutcome outcome =
        test::run_in_child(plan_of_user_1000(), [](ChildContext& context) {
            const sys::Pipe pipe = sys::make_pipe();
            const sys::SocketPair pair = sys::make_seqpacket_pair();
            sys::dup2(pipe.read_end, 0);
            sys::dup2(pair.first, 1);
            sys::dup2(sys::memfd_create("log"), 2);
            own_stdio(context);
            return concat(owner_of(0), " ", owner_of(1), " ", owner_of(2));
        });

    CHECK(outcome.error == "");
    CHECK(outcome.found == "1000 1000 0");
}

TEST_CASE(
    "stdio: /dev/null stays root's, by whatever name it was opened" *
    needs_privilege(Privilege::root)
) {
    const uid_t before = sys::fstat(sys::open("/dev/null", O_PATH)).st_uid;

    const test::StepOutcome outcome =
        test::run_in_child(plan_of_user_1000(), [](ChildContext& context) {
            for (const int number : {0, 1, 2}) {
                sys::dup2(sys::open("/dev/null", O_RDWR), number);
            }
            own_stdio(context);
            return owner_of(0);
        });

    CHECK(outcome.error == "");
    CHECK(outcome.found == std::to_string(before));
}
