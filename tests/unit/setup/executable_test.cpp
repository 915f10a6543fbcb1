// The PATH lookup and the texts that docker, podman and containerd look for.
#include "corun/setup/executable.hpp"

#include "step_child.hpp"

#include <doctest/doctest.h>

using namespace corun;
using namespace corun::setup;

namespace {

test::StepOutcome look_up(const std::string& name, std::vector<std::string> env) {
    Plan plan;
    plan.payload.args = {name};
    plan.payload.env = std::move(env);
    return test::run_in_child(plan, [](ChildContext& context) {
        find_executable(context);
        return context.executable;
    });
}

}  // namespace

TEST_CASE("executable: a bare name is searched in the payload's PATH, first match first") {
    CHECK(look_up("sh", {"PATH=/nowhere:/bin:/usr/bin"}).found == "/bin/sh");
    CHECK(look_up("sh", {"PATH=/bin", "PATH=/usr/bin"}).found == "/usr/bin/sh");
}

TEST_CASE("executable: without PATH the default of execvp is searched") {
    CHECK(look_up("sh", {}).found == "/bin/sh");
    CHECK(look_up("sh", {"PATHS=/nowhere"}).found == "/bin/sh");
}

TEST_CASE("executable: a path is taken as it is") {
    CHECK(look_up("/bin/sh", {"PATH=/nowhere"}).found == "/bin/sh");
}

TEST_CASE("executable: errors are worded as runc's") {
    const std::vector<std::string> env = {"PATH=/bin:/usr/bin"};

    CHECK(
        look_up("no-such-program", env).error ==
        "exec: \"no-such-program\": executable file not found in $PATH"
    );
    CHECK(look_up("", env).error == "exec: \"\": executable file not found in $PATH");
    CHECK(
        look_up("/no/such", env).error ==
        "exec: \"/no/such\": stat /no/such: no such file or directory"
    );
    CHECK(
        look_up("/etc/passwd/x", env).error ==
        "exec: \"/etc/passwd/x\": stat /etc/passwd/x: not a directory"
    );
    CHECK(look_up("/etc/passwd", env).error == "exec: \"/etc/passwd\": permission denied");
    CHECK(look_up("/etc", env).error == "exec: \"/etc\": is a directory");
}

TEST_CASE("executable: a directory or a plain file on PATH is passed over") {
    CHECK(look_up("passwd", {"PATH=/etc:/usr/bin"}).found == "/usr/bin/passwd");
}
