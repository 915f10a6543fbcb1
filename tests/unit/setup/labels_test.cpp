// The exec label, written through a procfs of the runtime's own.
#include "corun/setup/labels.hpp"

#include "corun/sys/file.hpp"
#include "forked.hpp"
#include "step_child.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

using namespace corun;
using namespace corun::setup;
using test::needs_privilege;
using test::Privilege;

namespace {

std::string set_label(ChildContext& context) {
    context.proc = sys::open("/proc", O_PATH | O_DIRECTORY);
    set_exec_label(context);
    return "set";
}

}  // namespace

TEST_CASE("labels: without any nothing is written") {
    CHECK(test::run_in_child({}, set_label).found == "set");
}

TEST_CASE("labels: an error names the label and, in the quotes podman looks for, the attribute") {
    Plan apparmor;
    apparmor.labels.apparmor_profile = "no-such-profile";
    Plan selinux;
    selinux.labels.selinux_exec_label = "no:such:label";

    // Whether the LSM is absent or refuses an unknown label, both are errors.
    CHECK(
        test::run_in_child(apparmor, set_label)
            .error.starts_with("apply AppArmor profile 'no-such-profile' (is it loaded?): write to "
                               "`/proc/thread-self/attr/apparmor/exec`: ")
    );
    CHECK(test::run_in_child(selinux, set_label)
              .error.starts_with(
                  "apply SELinux label 'no:such:label': write to `/proc/thread-self/attr/exec`: "
              ));
}
