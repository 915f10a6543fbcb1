// What is open after the step, and what exec would pass on.
#include "corun/setup/descriptors.hpp"

#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/socket.hpp"
#include "step_child.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>

using namespace corun;
using namespace corun::setup;

namespace {

/// "3! 7": descriptors above stdio that are open, with a mark on those that exec passes on.
std::string open_descriptors() {
    constexpr int kMost = 1024;
    std::string out;
    for (int number = 3; number < kMost; ++number) {
        const int flags = ::fcntl(number, F_GETFD);
        if (flags >= 0) {
            out += concat(number, (flags & FD_CLOEXEC) != 0 ? " " : "! ");
        }
    }
    return out;
}

/// Leaves 3, 4 and 5 to the caller's descriptors; the runtime's own are above.
void make_room(ChildContext& context) {
    context.handshake.replace_socket(sys::duplicate(context.handshake.socket(), 100));
    sys::close_range(3, 99);
}

}  // namespace

TEST_CASE("descriptors: only the handshake survives, and not exec") {
    const test::StepOutcome outcome = test::run_in_child({}, [](ChildContext& context) {
        make_room(context);
        sys::dup2(sys::FdRef(0), 9);  // leaked, not CLOEXEC
        context.root.emplace(sys::open("/", O_PATH));
        context.proc = sys::open("/proc", O_PATH);
        close_descriptors(context);
        return open_descriptors();
    });

    CHECK(outcome.error == "");
    CHECK(outcome.found == "100 ");
}

TEST_CASE("descriptors: preserved ones lose CLOEXEC, what lies between them and ours is closed") {
    Plan plan;
    plan.payload.preserved_fds = 2;

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        make_room(context);
        const sys::UniqueFd third = sys::open("/", O_PATH);
        const sys::UniqueFd fourth = sys::open("/", O_PATH);
        const sys::UniqueFd leaked = sys::open("/", O_PATH);
        close_descriptors(context);
        std::string found = open_descriptors();
        sys::close_range(3, ~0U);
        return found;
    });

    CHECK(outcome.error == "");
    CHECK(outcome.found == "3! 4! 100 ");
}

TEST_CASE("descriptors: listener, agent and procfs stay for the steps that need them") {
    const sys::SocketPair pair = sys::make_seqpacket_pair();
    Plan plan;
    plan.gate.listener = sys::duplicate(pair.first, 200);
    plan.seccomp.agent = sys::duplicate(pair.first, 300);
    plan.labels.apparmor_profile = "x";

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        make_room(context);
        context.proc = sys::duplicate(sys::FdRef(0), 400);
        close_descriptors(context);
        return open_descriptors();
    });

    CHECK(outcome.error == "");
    CHECK(outcome.found == "100 200 300 400 ");
}

TEST_CASE("descriptors: a preserved one that is not open is named") {
    Plan plan;
    plan.payload.preserved_fds = 1;

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        make_room(context);
        close_descriptors(context);
        return std::string();
    });

    CHECK(outcome.error == "preserved descriptor 3: fcntl(F_SETFD): Bad file descriptor (EBADF)");
}

TEST_CASE("descriptors: one of the runtime's own is never passed on as a preserved one") {
    Plan plan;
    plan.payload.preserved_fds = 500;

    const test::StepOutcome outcome = test::run_in_child(plan, [](ChildContext& context) {
        make_room(context);
        close_descriptors(context);
        return std::string();
    });

    CHECK(outcome.error == "descriptor 100 is both preserved and the runtime's own");
}
