// The pty of a container: devpts and /dev are mounted for the test in a mount namespace of its own.
#include "corun/setup/terminal.hpp"

#include "corun/base/text.hpp"
#include "corun/setup/session.hpp"
#include "corun/sys/file.hpp"
#include "corun/sys/mount.hpp"
#include "corun/sys/process.hpp"
#include "corun/sys/terminal.hpp"
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

void mount_on(const std::string& type, const std::string& options, const std::string& target) {
    sys::FilesystemContext context(type);
    context.set_options(options);
    context.create();
    sys::attach_mount(context.mount(0), sys::open(target, O_PATH | O_DIRECTORY));
}

/// A /dev of the test's own, as a container's.
void mount_dev() {
    sys::mount_setattr_at(
        sys::FdRef::cwd(), "/", {.propagation = MS_PRIVATE}, sys::Depth::recursive
    );
    mount_on("tmpfs", "mode=755", "/dev");
    sys::mkdirat(sys::FdRef::cwd(), "/dev/pts", 0755);
    mount_on("devpts", "newinstance,ptmxmode=0666,mode=0620", "/dev/pts");
}

std::string type_of(const std::string& path) {
    const auto status = sys::try_fstatat(sys::FdRef::cwd(), path, AT_SYMLINK_NOFOLLOW);
    if (!status) {
        return "absent";
    }
    return S_ISCHR(status->st_mode) ? "terminal" : S_ISLNK(status->st_mode) ? "symlink" : "other";
}

Plan terminal_plan() {
    Plan plan;
    plan.terminal = {.wanted = true, .rows = 12, .columns = 34, .is_container_console = true};
    return plan;
}

test::StepOutcome open_in_child(const Plan& plan, const test::StepBody& prepare) {
    return test::run_in_child(
        plan,
        [&](ChildContext& context) {
            mount_dev();
            prepare(context);
            start_session(context);
            open_terminal(context);
            const sys::WindowSize size =
                sys::try_window_size(sys::FdRef(0)).value_or(sys::WindowSize());
            const sys::UniqueFd controlling = sys::open("/dev/pts/0", O_PATH);
            return concat(
                ::isatty(0) + ::isatty(1) + ::isatty(2),
                " ",
                size.rows,
                "x",
                size.columns,
                " ",
                type_of("/dev/console"),
                " ",
                ::tcgetsid(0) == ::getpid() ? "controlling" : "not controlling",
                " ",
                sys::fstat(sys::FdRef(0)).st_uid
            );
        },
        CLONE_NEWUSER | CLONE_NEWNS,
        {test::proceed()}
    );
}

std::string nothing(ChildContext&) {
    return {};
}

}  // namespace

TEST_CASE(
    "terminal: it is stdio, /dev/console and the controlling terminal, of the size asked for" *
    needs_privilege(Privilege::namespaces)
) {
    const test::StepOutcome outcome = open_in_child(terminal_plan(), nothing);

    CHECK(outcome.error == "");
    CHECK(outcome.found == "3 12x34 terminal controlling 0");
    REQUIRE(outcome.messages.size() == 1);
    CHECK(outcome.messages[0].kind == MessageKind::console);
}

TEST_CASE("terminal: it belongs to the payload's user" * needs_privilege(Privilege::root)) {
    Plan plan = terminal_plan();
    plan.credentials.uid = 1000;

    CHECK(open_in_child(plan, nothing).found == "3 12x34 terminal controlling 1000");
}

TEST_CASE(
    "terminal: a further process gets no /dev/console" * needs_privilege(Privilege::namespaces)
) {
    Plan plan = terminal_plan();
    plan.terminal.is_container_console = false;

    CHECK(open_in_child(plan, nothing).found == "3 12x34 absent controlling 0");
}

TEST_CASE(
    "terminal: a symlink at /dev/console is refused and its target untouched" *
    needs_privilege(Privilege::namespaces)
) {
    const test::StepOutcome outcome = open_in_child(terminal_plan(), [](ChildContext&) {
        sys::symlinkat("/dev/victim", sys::FdRef::cwd(), "/dev/console");
        return std::string();
    });

    CHECK(
        outcome.error ==
        "attach '/dev/console': it is neither a file nor a character device: Invalid argument "
        "(EINVAL)"
    );
}

TEST_CASE(
    "terminal: a /dev/pts that is a symlink or no devpts is refused" *
    needs_privilege(Privilege::namespaces)
) {
    const test::StepOutcome symlink = open_in_child(terminal_plan(), [](ChildContext&) {
        sys::umount2("/dev/pts", 0);
        sys::unlinkat(sys::FdRef::cwd(), "/dev/pts", AT_REMOVEDIR);
        sys::symlinkat("/tmp", sys::FdRef::cwd(), "/dev/pts");
        return std::string();
    });
    const test::StepOutcome plain = open_in_child(terminal_plan(), [](ChildContext&) {
        sys::umount2("/dev/pts", 0);
        return std::string();
    });

    CHECK(symlink.error.starts_with("open '/dev/pts': "));
    CHECK(symlink.error.ends_with("(ELOOP)"));
    CHECK(plain.error.find("not a devpts") != std::string::npos);
}
