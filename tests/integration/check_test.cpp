// `corun check`: what it says of bundles, each with one thing wrong, and that create agrees.
#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>

using namespace corun::test;

namespace {

Result check(Runtime& runtime, const Bundle& bundle) {
    return runtime({"check", "--bundle", bundle.write()});
}

bool has_line(const Result& result, std::string_view line) {
    return corun::concat("\n", result.out).find(corun::concat("\n", line)) != std::string::npos;
}

/// A change to a good bundle, and the beginning of the line that tells of it.
struct Wrong {
    std::string line;
    std::function<void(Bundle&)> change;
};

/// Errors: `create` or `start` fails as well.
const std::vector<Wrong> kErrors = {
    {"error: /process: required to create a container",
     [](Bundle& bundle) { bundle.json().erase("process"); }},
    {"error: /root/path: 'nosuch': ",
     [](Bundle& bundle) { bundle.json()["root"]["path"] = "nosuch"; }},
    {"error: /process/args/0: '/bin/nosuch' does not exist in the rootfs",
     [](Bundle& bundle) { bundle.args({"/bin/nosuch"}); }},
    {"error: /process/args/0: no executable 'nosuch' is in the rootfs in $PATH",
     [](Bundle& bundle) { bundle.args({"nosuch"}); }},
    {"error: /process/args/0: '/etc/passwd' has no execute bit",
     [](Bundle& bundle) { bundle.args({"/etc/passwd"}); }},
    {"error: /process/args/0: '/etc' is a directory",
     [](Bundle& bundle) { bundle.args({"/etc"}); }},
    {"error: /process/cwd: '/etc/passwd' is not a directory",
     [](Bundle& bundle) { bundle.cwd("/etc/passwd"); }},
    {"error: /mounts/7: mount '/data': ",
     [](Bundle& bundle) {
         bundle.mount({"/data", "bind", "/no/such/source", {"bind"}});
     }},
    {"error: /hooks/prestart/0/path: '/no/hook' cannot be executed: No such file or directory",
     [](Bundle& bundle) {
         bundle.json()["hooks"]["prestart"] = {{{"path", "/no/hook"}}};
     }},
    {"error: /hooks/startContainer/0/path: '/no/hook' does not exist in the rootfs",
     [](Bundle& bundle) {
         bundle.json()["hooks"]["startContainer"] = {{{"path", "/no/hook"}}};
     }},
    {"error: /linux/namespaces/",
     [](Bundle& bundle) { bundle.join_namespace("network", "/proc/self/ns/uts"); }},
    {"error: /linux/resources/memory/swappiness: cgroup v2 has no such control",
     [](Bundle& bundle) { bundle.resources()["memory"]["swappiness"] = 1; }},
    {"error: /linux/resources/unified/nonsense.max: controller 'nonsense' is not available",
     [](Bundle& bundle) { bundle.resources()["unified"]["nonsense.max"] = "1"; }},
    {"error: /process/user/uid: id 70000 is not mapped in /linux/uidMappings",
     [](Bundle& bundle) { bundle.map_ids(100000, 65536).user(70000, 0); }},
    {"error: /linux/sysctl: this kernel has no \"fs.mqueue.nosuch\"",
     [](Bundle& bundle) { bundle.sysctl("fs.mqueue.nosuch", "1"); }},
    {"error: /process/rlimits/0: is above the sysctl fs.nr_open",
     [](Bundle& bundle) {
         bundle.process()["rlimits"] = {
             {{"type", "RLIMIT_NOFILE"}, {"soft", 1}, {"hard", 4'000'000'000'000}}};
     }},
};

}  // namespace

TEST_CASE("check: a bundle that runs has no errors and no warnings") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"});

    const Result result = check(runtime, bundle);

    CHECK(result.out == "0 errors, 0 warnings, 0 notes\n");
    CHECK(result.exit_code == 0);
    CHECK(runtime.run(bundle).exit_code == 0);
}

TEST_CASE("check: what it calls an error keeps the bundle from running") {
    for (const Wrong& row : kErrors) {
        CAPTURE(row.line);
        Runtime runtime;
        Bundle bundle;
        bundle.args({"true"});
        row.change(bundle);

        const Result result = check(runtime, bundle);

        CAPTURE(result.out);
        CHECK(has_line(result, row.line));
        CHECK(result.exit_code == 1);
        CHECK(runtime.run(bundle).exit_code != 0);
    }
}

TEST_CASE("check: with systemd's driver, unit, properties and the bus are looked at") {
    Runtime runtime;
    Bundle bundle;
    bundle.linux_section()["cgroupsPath"] = "/not/of/its/form";
    bundle.annotation("org.systemd.property.ExecStartPre", "'/bin/evil'");

    const Result result = runtime(
        {"--systemd-cgroup", "check", "--bundle", bundle.write()},
        {.environment = {"DBUS_SYSTEM_BUS_ADDRESS="}}
    );

    CHECK(has_line(
        result,
        "error: /linux/cgroupsPath: expected cgroupsPath to be of format \"slice:prefix:name\" for "
        "systemd cgroups, got \"/not/of/its/form\" instead"
    ));
    CHECK(has_line(result, "error: /annotations/org.systemd.property.ExecStartPre: "));
    const bool has_systemd = std::filesystem::exists("/run/dbus/system_bus_socket") ||
                             std::filesystem::exists("/run/systemd/private");
    CHECK(has_line(result, "error: /linux/cgroupsPath: no systemd to speak to") != has_systemd);
}

TEST_CASE("check: warnings and notes do not make it fail") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).cwd("/made");
    bundle.process()["agrs"] = "x";
    bundle.process()["capabilities"]["bounding"].push_back("CAP_FLY");
    bundle.json()["windows"] = Json::object();

    const Result result = check(runtime, bundle);

    CHECK(has_line(result, "warning: /process/agrs: is no property that corun knows, and ignored"));
    CHECK(has_line(result, "warning: /process/capabilities: capability \"CAP_FLY\" is unknown"));
    CHECK(has_line(result, "note: /windows: is for another platform and ignored"));
    CHECK(has_line(result, "note: /process/cwd: does not exist in the rootfs and will be made"));
    CHECK(has_line(result, "0 errors, 2 warnings, 2 notes"));
    CHECK(result.exit_code == 0);
}

TEST_CASE("check: the JSON form has the same findings") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"/bin/nosuch"});
    bundle.process()["oomScoreAdj"] = 7000;

    const Result result = runtime({"check", "--format", "json", "--bundle", bundle.write()});

    const Json findings = Json::parse(result.out);
    REQUIRE(findings.size() == 2);
    CHECK(findings[0]["severity"] == "error");
    CHECK(findings[0]["pointer"] == "/process/oomScoreAdj");
    CHECK(findings[0]["reason"] == "expected a whole number from -1000 to 1000, found 7000");
    CHECK(findings[1]["pointer"] == "/process/args/0");
    CHECK(result.exit_code == 1);
}

TEST_CASE("check: what is no JSON is one finding, what is no bundle an error") {
    Runtime runtime;
    Bundle bundle;
    bundle.write();
    write_text(bundle.path("config.json"), "{\n  nonsense");

    const Result result = runtime({"check", "--bundle", bundle.path()});

    CHECK(has_line(result, "error: the document: line 2, column "));
    CHECK(result.exit_code == 1);
    CHECK(failed_saying("bundle '/no/such'", runtime({"check", "--bundle", "/no/such"})));
}
