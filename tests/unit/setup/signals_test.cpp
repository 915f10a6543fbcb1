// Signals of the new process, as the payload would inherit them.
#include "corun/setup/signals.hpp"

#include "step_child.hpp"

#include <doctest/doctest.h>

#include <sys/prctl.h>

#include <csignal>

using namespace corun;
using namespace corun::setup;

namespace {

void do_nothing(int) {}

}  // namespace

TEST_CASE("signals: nothing is ignored, caught or blocked, whatever the caller did") {
    const test::StepOutcome outcome = test::run_in_child({}, [](ChildContext& context) {
        ::signal(SIGPIPE, SIG_IGN);
        ::signal(SIGHUP, SIG_IGN);
        ::signal(SIGTERM, do_nothing);
        ::signal(SIGRTMAX, SIG_IGN);
        sigset_t all;
        ::sigfillset(&all);
        ::sigprocmask(SIG_SETMASK, &all, nullptr);
        reset_signals(context);
        return test::own_status("SigIgn") + " " + test::own_status("SigCgt") + " " +
               test::own_status("SigBlk");
    });

    CHECK(outcome.error == "");
    CHECK(outcome.found == "0000000000000000 0000000000000000 0000000000000000");
}

TEST_CASE("signals: the kernel kills the child with its parent") {
    const test::StepOutcome outcome = test::run_in_child({}, [](ChildContext& context) {
        die_with_parent(context);
        int signal = 0;
        ::prctl(PR_GET_PDEATHSIG, &signal);
        return std::to_string(signal);
    });

    CHECK(outcome.found == std::to_string(SIGKILL));
}
