// The order of the start sequences, each constraint with its reason, and which steps a plan wants.
#include "corun/setup/exec_steps.hpp"
#include "corun/setup/init_steps.hpp"

#include <doctest/doctest.h>

#include <sched.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace corun::setup;

namespace {

struct Constraint {
    std::string_view before;
    std::string_view after;
    std::string_view reason;
};

constexpr std::array kConstraints{
    Constraint{
        "reset-signals", "start-gate", "a blocked SIGTERM would make the waiting child deaf"},
    Constraint{
        "meet-parent", "map-ids", "after a relay nobody listens before the parent adopts us"},
    Constraint{"mount-namespace", "attach-rootfs", "the root is attached where it will be needed"},
    Constraint{"propagation", "attach-rootfs", "a mount made in a shared tree shows on the host"},
    Constraint{"attach-rootfs", "become-root", "the path may be closed to the container's root"},
    Constraint{"map-ids", "become-root", "id 0 exists only once it is mapped"},
    Constraint{
        "map-ids", "undumpable", "/proc/PID/uid_map of an undumpable process belongs to root"},
    Constraint{"become-root", "undumpable", "a change of ids resets the flag"},
    Constraint{"become-root", "mounts", "mount points are made with the container's ids"},
    Constraint{"new-namespaces", "mounts", "a sysfs shows the network it was mounted in"},
    Constraint{"new-namespaces", "sysctl", "net.* settings are those of the container's network"},
    Constraint{"cgroup-namespace", "mounts", "a cgroup2 mount shows the namespace's root"},
    Constraint{
        "own-proc", "switch-root", "a new procfs needs a fully visible one in the namespace"},
    Constraint{"mounts", "devices", "the nodes belong into the /dev that is mounted"},
    Constraint{"mounts", "runtime-hooks", "createRuntime hooks see the mounts"},
    Constraint{"runtime-hooks", "create-container-hooks", "the order of the specification"},
    Constraint{"create-container-hooks", "switch-root", "createContainer runs before pivot_root"},
    Constraint{"runtime-hooks", "sysctl", "hooks make the interfaces that net.* settings name"},
    Constraint{
        "sysctl", "switch-root", "a procfs can be made only while an unmasked one is in sight"},
    Constraint{
        "null-device", "switch-root", "the host's node, not the container's: CVE-2025-31133"},
    Constraint{"switch-root", "terminal", "the pty comes from the container's own devpts"},
    Constraint{
        "terminal", "finish-rootfs", "/dev/console is made in the rootfs if /dev is no mount"},
    Constraint{"make-working-directory", "finish-rootfs", "mkdir needs a writable root"},
    Constraint{"sysctl", "readonly-paths", "/proc/sys is often one of them"},
    Constraint{"finish-rootfs", "masked-paths", "the masks go over what is final"},
    Constraint{
        "terminal", "masked-paths", "the mask must not cover a /proc in use: CVE-2025-52565"},
    Constraint{"limits", "ids", "asked for while the parent may still act on our ids"},
    Constraint{"masked-paths", "limits", "a small RLIMIT_NOFILE must not fail the steps before"},
    Constraint{"stdio", "ids", "fchown needs privileges"},
    Constraint{"ids", "capabilities", "setuid drops capabilities by itself"},
    Constraint{"attributes", "ids", "realtime scheduling needs CAP_SYS_NICE"},
    Constraint{"ids", "executable", "the lookup sees what the payload's user may see"},
    Constraint{"ids", "working-directory-as-user", "what root could not enter the user may"},
    Constraint{"executable", "ready", "`create` fails for a missing executable, as with runc"},
    Constraint{
        "descriptors", "start-gate", "no host directory stays open while we wait: CVE-2024-21626"},
    Constraint{"ready", "start-gate", "only what is on record waits"},
    Constraint{"start-gate", "start-container-hooks", "startContainer runs upon `start`"},
    Constraint{"exec-label", "seccomp", "the filter may forbid the write"},
    Constraint{
        "no-new-privileges", "seccomp", "seccomp(2): loading it needs this or CAP_SYS_ADMIN"},
    Constraint{"prepare-exec", "seccomp", "nothing allocates under the container's filter"},
    Constraint{"seccomp", "last-capabilities", "CAP_SYS_ADMIN is kept for loading the filter"},
    Constraint{
        "last-capabilities",
        "start-container-hooks",
        "they get no more than the payload, as in runc"},
    Constraint{
        "seccomp", "start-container-hooks", "they run under the payload's filter, as in runc"},
    Constraint{"last-capabilities", "exec", "the payload gets no more than its own"},
};

std::ptrdiff_t position(std::span<const Step> steps, std::string_view name) {
    const auto found = std::find_if(steps.begin(), steps.end(), [&](const Step& step) {
        return step.name == name;
    });
    return found == steps.end() ? -1 : found - steps.begin();
}

std::vector<std::string> wanted_steps(std::span<const Step> steps, const Plan& plan) {
    std::vector<std::string> out;
    for (const Step& step : steps) {
        if (step.wanted(plan)) {
            out.emplace_back(step.name);
        }
    }
    return out;
}

}  // namespace

TEST_CASE("steps: a container's first process starts in an order that has its reasons") {
    for (const Constraint& constraint : kConstraints) {
        CAPTURE(constraint.reason);
        CAPTURE(constraint.before);
        CAPTURE(constraint.after);
        const std::ptrdiff_t before = position(init_steps(), constraint.before);
        const std::ptrdiff_t after = position(init_steps(), constraint.after);
        CHECK(before >= 0);
        CHECK(after >= 0);
        CHECK(before < after);
    }
}

TEST_CASE("steps: exec keeps the order of the steps it shares with init") {
    std::ptrdiff_t last = -1;
    for (const Step& step : exec_steps()) {
        const std::ptrdiff_t here = position(init_steps(), step.name);
        if (here < 0) {
            const bool known = step.name == "initial-affinity" || step.name == "enter-container";
            CHECK(known);
            continue;
        }
        CAPTURE(step.name);
        CHECK(here > last);
        last = here;
    }
}

TEST_CASE("steps: names are unique and the last step execs") {
    for (const auto steps : {init_steps(), exec_steps()}) {
        std::set<std::string_view> names;
        for (const Step& step : steps) {
            CHECK(names.insert(step.name).second);
        }
        CHECK(steps.back().name == "exec");
    }
}

TEST_CASE("steps: an empty plan wants only what every process needs") {
    Plan plan;
    plan.rootfs.root_switch = RootSwitch::chroot;

    CHECK(
        wanted_steps(init_steps(), plan) ==
        std::vector<std::string>{
            "reset-signals",
            "die-with-parent",
            "attach-rootfs",
            "undumpable",
            "session",
            "switch-root",
            "make-working-directory",
            "attributes",
            "stdio",
            "working-directory",
            "ids",
            "working-directory-as-user",
            "executable",
            "descriptors",
            "ready",
            "prepare-exec",
            "exec",
        }
    );
}

TEST_CASE("steps: a start from the bare mount namespace inherits nothing to cut off") {
    Plan plan;
    const std::vector<std::string> copied = wanted_steps(init_steps(), plan);
    CHECK(std::count(copied.begin(), copied.end(), "propagation") == 1);
    CHECK(std::count(copied.begin(), copied.end(), "mount-namespace") == 0);

    plan.namespaces.bare_mounts = corun::sys::FdRef(0);

    const std::vector<std::string> bare = wanted_steps(init_steps(), plan);
    CHECK(std::count(bare.begin(), bare.end(), "propagation") == 0);
    CHECK(std::count(bare.begin(), bare.end(), "mount-namespace") == 1);
}

TEST_CASE("steps: a joined pid namespace is the relay's, a joined network namespace the child's") {
    Plan plan;
    plan.namespaces.joined.push_back({.kind = CLONE_NEWNET, .fd = {}, .path = "/net"});
    CHECK_FALSE(plan.namespaces.needs_relay());
    CHECK(position(init_steps(), "join-namespaces") >= 0);
    const std::vector<std::string> alone = wanted_steps(init_steps(), plan);
    CHECK(std::count(alone.begin(), alone.end(), "join-namespaces") == 1);

    plan.namespaces.joined.push_back({.kind = CLONE_NEWPID, .fd = {}, .path = "/pid"});

    CHECK(plan.namespaces.needs_relay());
    const std::vector<std::string> relayed = wanted_steps(init_steps(), plan);
    CHECK(std::count(relayed.begin(), relayed.end(), "join-namespaces") == 0);
    CHECK(std::count(relayed.begin(), relayed.end(), "meet-parent") == 1);
}

TEST_CASE("steps: what is joined beside a new user namespace is joined before it, by a relay") {
    Plan plan;
    plan.namespaces.created = CLONE_NEWUSER;
    CHECK_FALSE(plan.namespaces.needs_relay());

    plan.namespaces.joined.push_back({.kind = CLONE_NEWNET, .fd = {}, .path = "/net"});

    CHECK(plan.namespaces.needs_relay());
}
