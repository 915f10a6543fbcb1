// Each step of a start fails once, for real: by its configuration, by what it finds on the machine,
// or by a kernel that refuses the one system call. Then the error names the step and the cause, and
// nothing is left. A step without a row, or without a reason to have none, fails the first test.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "corun/setup/exec_steps.hpp"
#include "corun/setup/init_steps.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <span>

using namespace corun::test;

namespace {

using corun::concat;
using corun::quote;

void as_it_is(Bundle&) {}

/// One step and what makes it fail.
struct Row {
    std::string step;
    std::string cause;  // errno's name, or the words of an error that has none
    std::function<void(Bundle&)> configure = as_it_is;
    std::vector<std::string> refused;  // tests/support/refuse.cpp: system call and errno
    std::string machine;               // shell commands in a mount namespace of corun's own
    std::string process;               // `exec`: JSON merged into the process that is executed
};

/// Why a step has no row.
struct Exception {
    std::string step;
    std::string reason;
};

// ---- the tables -----------------------------------------------------------------------------

// The payload's own filter, loaded one step before.
constexpr const char* kRefuseCapset = R"({
    "defaultAction": "SCMP_ACT_ALLOW",
    "flags": [],
    "syscalls": [{"names": ["capset"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5}]
})";

constexpr const char* kPretendAppArmor =
    "mount -t tmpfs none /sys/module && mkdir -p /sys/module/apparmor/parameters && "
    "echo Y > /sys/module/apparmor/parameters/enabled";

/// One in the state root, as a start on a host with many mounts leaves it. Not every CPU makes one
/// that the kernel takes (src/container/bare_mounts.cpp).
constexpr const char* kKeepMountNamespace =
    "for word in \"$@\"; do [ \"$before\" != --root ] || root=$word; before=$word; done; "
    "mkdir -p -m 700 \"$root/.~cache/mounts\" && : >\"$root/.~cache/mounts/namespace\" && "
    "for cpu in $(seq 0 63); do "
    "! taskset -c $cpu unshare --mount=\"$root/.~cache/mounts/namespace\" true 2>/dev/null || "
    "break; done";

void with_seccomp(Bundle& bundle) {
    bundle.linux_section()["seccomp"] = Json::parse(kRefuseCapset);
}

void with_apparmor(Bundle& bundle) {
    bundle.process()["apparmorProfile"] = "unknown";
}

void with_bad_executable(Bundle& bundle) {
    bundle.file("/bin/bad", "neither ELF nor script\n", 0755);
}

/// A directory that root of the user namespace may not enter, as it is the host's root's.
void with_closed_directory(Bundle& bundle) {
    bundle.map_ids(100000, 65536).directory("/closed").cwd("/closed");
    (void)::chmod(bundle.in_rootfs("/closed").c_str(), 0700);  // its failure would show in the test
}

/// By `run`, so that the steps behind the start gate are reported, too.
const std::vector<Row>& init_rows() {
    static const std::vector<Row> rows = {
        {.step = "reset-signals", .cause = "EIO", .refused = {"rt_sigprocmask,0=2", "EIO"}},
        {.step = "die-with-parent", .cause = "EIO", .refused = {"prctl,0=1,1=9", "EIO"}},
        {.step = "join-namespaces",
         .cause = "EPERM",
         .configure = [](Bundle& b) { b.join_namespace("network", "/proc/self/ns/net"); },
         .refused = {"setns", "EPERM"}},
        {.step = "mount-namespace",
         .cause = "EPERM",
         .refused = {"setns,1=131072", "EPERM"},
         .machine = kKeepMountNamespace},
        {.step = "propagation", .cause = "EPERM", .refused = {"mount_setattr,2=32768", "EPERM"}},
        {.step = "attach-rootfs", .cause = "EPERM", .refused = {"move_mount", "EPERM"}},
        {.step = "map-ids",
         .cause = "EINVAL",
         .configure =
             [](Bundle& b) {
                 b.map_ids(100000, 10);
                 constexpr unsigned kMoreThanTheKernelTakes = 400;
                 for (unsigned i = 0; i < kMoreThanTheKernelTakes; ++i) {
                     b.linux_section()["uidMappings"].push_back(
                         {{"containerID", 100 + i}, {"hostID", 200000 + i}, {"size", 1}}
                     );
                 }
             }},
        {.step = "become-root",
         .cause = "EPERM",
         .configure = [](Bundle& b) { b.map_ids(100000, 65536); },
         .refused = {"setresgid,0=0", "EPERM"}},
        {.step = "undumpable", .cause = "EPERM", .refused = {"prctl,0=4,1=0", "EPERM"}},
        {.step = "session", .cause = "EPERM", .refused = {"setsid", "EPERM"}},
        {.step = "session-keyring", .cause = "EDQUOT", .refused = {"keyctl", "EDQUOT"}},
        {.step = "cgroup-namespace", .cause = "EPERM", .refused = {"unshare", "EPERM"}},
        {.step = "new-namespaces", .cause = "EPERM", .refused = {"ioctl,1=35092", "EPERM"}},
        {.step = "loopback",
         .cause = "EPERM",
         .configure = [](Bundle& b) { b.map_ids(100000, 65536); },
         .refused = {"ioctl,1=35092", "EPERM"}},
        {.step = "own-proc",
         .cause = "ENOMEM",
         .configure = with_apparmor,
         .refused = {"fsopen", "ENOMEM"},
         .machine = kPretendAppArmor},
        {.step = "mounts",
         .cause = "ENODEV",
         .configure =
             [](Bundle& b) {
                 b.mount({"/mnt", "nosuchfs", "none", {}});
             }},
        {.step = "devices", .cause = "EPERM", .refused = {"mknodat", "EPERM"}},
        {.step = "runtime-hooks",
         .cause = "exited with status 3",
         .configure = [](Bundle& b) { b.hook("createRuntime", "exit 3"); }},
        {.step = "create-container-hooks",
         .cause = "exited with status 3",
         .configure = [](Bundle& b) { b.hook("createContainer", "exit 3"); }},
        {.step = "sysctl",
         .cause = "ENOENT",
         .configure = [](Bundle& b) { b.sysctl("net.no_such_thing", "1"); }},
        {.step = "switch-root", .cause = "EINVAL", .refused = {"pivot_root", "EINVAL"}},
        {.step = "terminal",
         .cause = "ENOENT",
         .configure = [](Bundle& b) { b.terminal().without_mount("/dev/pts"); }},
        {.step = "make-working-directory",
         .cause = "ENOTDIR",
         .configure = [](Bundle& b) { b.cwd("/etc/passwd"); }},
        {.step = "names", .cause = "EPERM", .refused = {"sethostname", "EPERM"}},
        {.step = "finish-rootfs",
         .cause = "not a mount of the container's own",
         .configure =
             [](Bundle& b) {
                 b.without_namespace("mount").readonly_root();
                 b.json()["mounts"] = Json::array();
                 b.linux_section().erase("maskedPaths");
                 b.linux_section().erase("readonlyPaths");
             }},
        {.step = "readonly-paths",
         .cause = "ELOOP",
         .configure = [](Bundle& b
                      ) { b.linux_section()["readonlyPaths"].push_back("/proc/self/root/etc"); }},
        {.step = "masked-paths",
         .cause = "ELOOP",
         .configure = [](Bundle& b
                      ) { b.linux_section()["maskedPaths"].push_back("/proc/self/exe"); }},
        {.step = "attributes",
         .cause = "EPERM",
         .configure =
             [](Bundle& b) {
                 b.process()["ioPriority"] = {{"class", "IOPRIO_CLASS_BE"}, {"priority", 4}};
             },
         .refused = {"ioprio_set", "EPERM"}},
        {.step = "limits",
         .cause = "EPERM",
         .configure =
             [](Bundle& b) {
                 b.process()["rlimits"] = Json::array();
                 b.rlimit("RLIMIT_NOFILE", 1L << 40, 1L << 40);  // above fs.nr_open
             }},
        {.step = "stdio",
         .cause = "EIO",
         .configure = [](Bundle& b) { b.user(1000, 1000); },
         .refused = {"fchown", "EIO"}},
        {.step = "working-directory",
         .cause = "ENOENT",
         .configure =
             [](Bundle& b) {
                 b.directory("/hidden/inside").cwd("/hidden/inside");
                 b.linux_section()["maskedPaths"].push_back("/hidden");
             }},
        {.step = "ids", .cause = "EPERM", .refused = {"setgroups", "EPERM"}},
        {.step = "capabilities", .cause = "EPERM", .refused = {"capset", "EPERM"}},
        {.step = "working-directory-as-user",
         .cause = "EACCES",
         .configure = with_closed_directory},
        {.step = "executable",
         .cause = "no such file or directory",
         .configure = [](Bundle& b) { b.args({"/absent"}); }},
        {.step = "descriptors", .cause = "EIO", .refused = {"close_range,2=0", "EIO"}},
        {.step = "ready", .cause = "EIO", .refused = {"prctl,0=1,1=0", "EIO"}},
        {.step = "start-container-hooks",
         .cause = "exited with status 3",
         .configure = [](Bundle& b) { b.hook("startContainer", "exit 3"); }},
        {.step = "exec-label",
         .cause = "ENOENT",
         .configure = with_apparmor,
         .machine = kPretendAppArmor},
        {.step = "no-new-privileges", .cause = "EPERM", .refused = {"prctl,0=38", "EPERM"}},
        {.step = "seccomp",
         .cause = "EINVAL",
         .configure = with_seccomp,
         .refused = {"seccomp,0=1,1=0", "EINVAL"}},
        {.step = "last-capabilities",
         .cause = "EIO",
         .configure =
             [](Bundle& b) {
                 with_seccomp(b);
                 b.process()["noNewPrivileges"] = false;
             }},
        {.step = "exec",
         .cause = "exec format error",
         .configure =
             [](Bundle& b) {
                 with_bad_executable(b);
                 b.args({"/bin/bad"});
             }},
    };
    return rows;
}

const std::vector<Row>& exec_rows() {
    static const std::vector<Row> rows = {
        {.step = "reset-signals", .cause = "EIO", .refused = {"rt_sigprocmask,0=2", "EIO"}},
        {.step = "relay", .cause = "EPERM", .refused = {"setns", "EPERM"}},
        {.step = "initial-affinity",
         .cause = "EINVAL",
         .process = R"({"execCPUAffinity": {"initial": "1023"}})"},
        {.step = "become-root",
         .cause = "EPERM",
         .configure = [](Bundle& b) { b.map_ids(100000, 65536); },
         .refused = {"setresgid,0=0", "EPERM"}},
        {.step = "session", .cause = "EPERM", .refused = {"setsid", "EPERM"}},
        {.step = "session-keyring", .cause = "EDQUOT", .refused = {"keyctl", "EDQUOT"}},
        {.step = "own-proc",
         .cause = "ENOMEM",
         .refused = {"fsopen", "ENOMEM"},
         .machine = kPretendAppArmor,
         .process = R"({"apparmorProfile": "unknown"})"},
        {.step = "terminal",
         .cause = "ENOENT",
         .configure = [](Bundle& b) { b.without_mount("/dev/pts"); },
         .process = R"({"terminal": true})"},
        {.step = "attributes",
         .cause = "EPERM",
         .refused = {"ioprio_set", "EPERM"},
         .process = R"({"ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 4}})"},
        {.step = "limits", .cause = "EPERM", .process = R"({"rlimits": [
             {"type": "RLIMIT_NOFILE", "soft": 1099511627776, "hard": 1099511627776}]})"},
        {.step = "stdio",
         .cause = "EIO",
         .refused = {"fchown", "EIO"},
         .process = R"({"user": {"uid": 1000, "gid": 1000}})"},
        {.step = "working-directory", .cause = "ENOENT", .process = R"({"cwd": "/absent"})"},
        {.step = "ids", .cause = "EPERM", .refused = {"setgroups", "EPERM"}},
        {.step = "capabilities", .cause = "EPERM", .refused = {"capset", "EPERM"}},
        {.step = "working-directory-as-user",
         .cause = "EACCES",
         .configure =
             [](Bundle& b) {
                 with_closed_directory(b);
                 b.cwd("/");
             },
         .process = R"({"cwd": "/closed"})"},
        {.step = "executable",
         .cause = "no such file or directory",
         .process = R"({"args": ["/absent"]})"},
        {.step = "ready", .cause = "EIO", .refused = {"prctl,0=1,1=0", "EIO"}},
        {.step = "exec-label",
         .cause = "ENOENT",
         .machine = kPretendAppArmor,
         .process = R"({"apparmorProfile": "unknown"})"},
        {.step = "no-new-privileges", .cause = "EPERM", .refused = {"prctl,0=38", "EPERM"}},
        {.step = "seccomp",
         .cause = "EINVAL",
         .configure = with_seccomp,
         .refused = {"seccomp,0=1,1=0", "EINVAL"}},
        {.step = "last-capabilities",
         .cause = "EIO",
         .configure = with_seccomp,
         .process = R"({"noNewPrivileges": false})"},
        {.step = "exec",
         .cause = "exec format error",
         .configure = with_bad_executable,
         .process = R"({"args": ["/bin/bad"]})"},
    };
    return rows;
}

const std::vector<Exception>& init_exceptions() {
    static const std::vector<Exception> exceptions = {
        {"meet-parent", "receives from its own parent, whose end it takes as the order to end"},
        {"null-device", "the parent has verified the device; the child clones what it was given"},
        {"start-gate", "its create may be long gone: the test below shows a failure's effect"},
        {"prepare-exec", "copies strings within the process, no system call but for memory"},
    };
    return exceptions;
}

const std::vector<Exception>& exec_exceptions() {
    static const std::vector<Exception> exceptions = {
        {"die-with-parent", "the relay makes the same call before it"},
        {"enter-container",
         "setns(2) as in the relay, which has a row; only without a pid namespace"},
        {"meet-parent", "receives from its own parent, whose end it takes as the order to end"},
        {"undumpable", "the relay makes the same call before it"},
        {"descriptors", "close_range(2) as in the relay before it; the table of init has a row"},
        {"prepare-exec", "copies strings within the process, no system call but for memory"},
    };
    return exceptions;
}

// ---- running a row --------------------------------------------------------------------------

std::vector<std::string> command_of(
    const Row& row, const Runtime& runtime, const std::vector<std::string>& words
) {
    std::vector<std::string> command;
    if (!row.machine.empty()) {
        command = {"unshare", "--mount", "sh", "-c", row.machine + " && exec \"$@\"", "sh"};
    }
    if (!row.refused.empty()) {
        command.push_back(CORUN_REFUSE);
        command.insert(command.end(), row.refused.begin(), row.refused.end());
    }
    command.insert(command.end(), {runtime_binary(), "--root", runtime.root()});
    command.insert(command.end(), words.begin(), words.end());
    return command;
}

void check_failure(const Row& row, const Result& result) {
    CAPTURE(result.err);
    CHECK(result.exit_code != 0);
    CHECK(contains(result.err, concat("step ", quote(row.step), ": ")));
    CHECK(contains(result.err, row.cause));
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
}

void check_clean(Runtime& runtime) {
    const std::vector<std::string> left = runtime.leftovers();
    CHECK_MESSAGE(left.empty(), corun::join(left, "; "));
}

template <class Records>
bool names(const Records& records, std::string_view step) {
    return std::any_of(records.begin(), records.end(), [&](const auto& record) {
        return record.step == step;
    });
}

void check_complete(
    std::span<const corun::setup::Step> steps,
    const std::vector<Row>& rows,
    const std::vector<Exception>& exceptions
) {
    for (const corun::setup::Step& step : steps) {
        CAPTURE(step.name);
        CHECK(names(rows, step.name) != names(exceptions, step.name));
    }
    for (const Exception& exception : exceptions) {
        CAPTURE(exception.step);
        CHECK(exception.reason != "");
        CHECK(std::any_of(steps.begin(), steps.end(), [&](const corun::setup::Step& step) {
            return step.name == exception.step;
        }));
    }
}

}  // namespace

TEST_CASE("failure matrix: every step has a row or a reason to have none") {
    check_complete(corun::setup::init_steps(), init_rows(), init_exceptions());
    check_complete(corun::setup::exec_steps(), exec_rows(), exec_exceptions());
}

TEST_CASE("failure matrix: a start that fails in a step names it and leaves nothing") {
    for (const Row& row : init_rows()) {
        CAPTURE(row.step);
        Runtime runtime;
        Bundle bundle;
        bundle.args({"true"});
        row.configure(bundle);

        check_failure(
            row,
            run(command_of(row, runtime, {"run", "--bundle", bundle.write(), runtime.new_id()}))
        );

        check_clean(runtime);
    }
}

TEST_CASE("failure matrix: an exec that fails in a step names it and leaves the container alone") {
    for (const Row& row : exec_rows()) {
        CAPTURE(row.step);
        Runtime runtime;
        Bundle bundle;
        bundle.args({"probe", "pause"});
        row.configure(bundle);
        Container container = runtime.run_detached(bundle);
        container.wait_for_output("ready");
        Json process = bundle.process();
        process["args"] = {"true"};
        process.merge_patch(Json::parse(row.process.empty() ? "{}" : row.process));
        write_text(bundle.path("process.json"), process.dump());

        check_failure(
            row,
            run(command_of(
                row, runtime, {"exec", "--process", bundle.path("process.json"), container.id()}
            ))
        );

        CHECK(container.status() == "running");
        CHECK(
            read_text(cgroup_directory(bundle.cgroup()) + "/cgroup.procs") ==
            concat(container.pid(), "\n")
        );
        CHECK(container.exec({"true"}).exit_code == 0);
        runtime.expect_success({"delete", "--force", container.id()});
        check_clean(runtime);
    }
}

TEST_CASE("failure matrix: a process that cannot wait at its gate is a container that has stopped"
) {
    Runtime runtime;
    const Bundle bundle;
    const std::string id = runtime.new_id();
    const Row row{.step = "start-gate", .cause = "EIO", .refused = {"accept4", "EIO"}};

    const Result created =
        run(command_of(row, runtime, {"create", "--bundle", bundle.write(), id}));

    CHECK(created.exit_code == 0);
    // It gets to the gate, and ends there, only after `create` has returned.
    constexpr int kTries = 1000;
    for (int i = 0; i < kTries && !contains(runtime({"state", id}).out, "stopped"); ++i) {
    }
    CHECK(failed_saying("cannot start a container that has stopped", runtime({"start", id})));
    runtime.expect_success({"delete", id});
    check_clean(runtime);
}
