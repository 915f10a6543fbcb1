// The PATH lookup and the texts that docker, podman and containerd look for.
#include "corun/setup/executable.hpp"

#include "corun/base/text.hpp"
#include "step_child.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

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

const std::string kPasswdExplained = concat(
    " (uid ",
    ::geteuid(),
    " gid ",
    ::getegid(),
    " has no x permission on '/etc/passwd' (mode 0644, owner 0:0): chmod a+x it, or run as another "
    "user)"
);

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
    CHECK(
        look_up("", env).error ==
        "exec: \"\": executable file not found in $PATH (process.args[0] is empty)"
    );
    CHECK(
        look_up("/no/such", env).error ==
        "exec: \"/no/such\": stat /no/such: no such file or directory ('/no' does not exist)"
    );
    CHECK(
        look_up("/etc/passwd/x", env).error ==
        "exec: \"/etc/passwd/x\": stat /etc/passwd/x: not a directory "
        "('/etc/passwd' is a file, where a directory is expected)"
    );
    CHECK(
        look_up("/etc/passwd", env).error ==
        concat("exec: \"/etc/passwd\": permission denied", kPasswdExplained)
    );
    CHECK(look_up("/etc", env).error == "exec: \"/etc\": is a directory");
}

TEST_CASE("executable: a file on PATH that cannot be executed is named when nothing else is found"
) {
    CHECK(
        look_up("passwd", {"PATH=/etc:/nowhere"}).error ==
        concat("exec: \"passwd\": executable file not found in $PATH", kPasswdExplained)
    );
}

TEST_CASE("executable: a directory or a plain file on PATH is passed over") {
    CHECK(look_up("passwd", {"PATH=/etc:/usr/bin"}).found == "/usr/bin/passwd");
}
