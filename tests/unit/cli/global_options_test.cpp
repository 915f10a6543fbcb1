// The options in front of the command, as callers give them.
#include "corun/cli/global_options.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace corun;
using namespace corun::cli;
using container::CgroupManager;
using container::CgroupTolerance;

namespace {

using Words = std::vector<std::string>;

Arguments parse(const Words& words) {
    return parse_arguments(
        {.options = global_option_table(), .place = OptionPlace::before_operands}, words
    );
}

std::string refusal_of(const Words& words) {
    try {
        (void)log_options(parse(words));
        (void)global_options(parse(words));
    } catch (const Error& error) {
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("global options: containerd's") {
    const Arguments arguments = parse(
        {"--root",
         "/run/containerd/runc/k8s.io",
         "--log",
         "/b/log.json",
         "--log-format",
         "json",
         "--systemd-cgroup",
         "--rootless=false",
         "create",
         "--bundle",
         "/b",
         "redis"}
    );

    const GlobalOptions globals = global_options(arguments);
    CHECK(globals.root == "/run/containerd/runc/k8s.io");
    CHECK(globals.root_given);
    CHECK(globals.cgroup_manager == CgroupManager::systemd);
    CHECK(globals.cgroup_tolerance == CgroupTolerance::strict);
    const LogOptions log = log_options(arguments);
    CHECK(log.path == "/b/log.json");
    CHECK(log.format == LogFormat::json);
    CHECK(log.level == LogLevel::warning);
    CHECK(arguments.operands() == Words{"create", "--bundle", "/b", "redis"});
}

TEST_CASE("global options: podman's, without cgroups") {
    const Arguments arguments = parse(
        {"--log-format=json", "--log", "/run/oci-log", "--cgroup-manager", "disabled", "start", "x"}
    );

    CHECK(global_options(arguments).cgroup_manager == CgroupManager::disabled);
}

TEST_CASE("global options: without any, people read the errors and cgroupfs is used") {
    const Arguments arguments = parse({"list"});

    CHECK(log_options(arguments).format == LogFormat::plain);
    CHECK(log_options(arguments).path.empty());
    CHECK(global_options(arguments).cgroup_manager == CgroupManager::cgroupfs);
    CHECK(global_options(arguments).cgroup_tolerance == CgroupTolerance::automatic);
    CHECK_FALSE(global_options(arguments).root_given);
}

TEST_CASE("global options: a switch may be turned off, a manager's name wins over it") {
    CHECK(
        global_options(parse({"--systemd-cgroup=false"})).cgroup_manager == CgroupManager::cgroupfs
    );
    CHECK(
        global_options(parse({"--systemd-cgroup", "--cgroup-manager=cgroupfs"})).cgroup_manager ==
        CgroupManager::cgroupfs
    );
}

TEST_CASE("global options: the root is made absolute and clean") {
    CHECK(global_options(parse({"--root", "/a//b/../c/"})).root == "/a/c");
    CHECK(global_options(parse({"--root", "state"})).root.ends_with("/state"));
    CHECK(global_options(parse({"--root", "state"})).root.starts_with("/"));
}

TEST_CASE("global options: the log's level and form") {
    CHECK(log_options(parse({"--debug"})).level == LogLevel::debug);
    CHECK(log_options(parse({"--debug", "--log-level", "error"})).level == LogLevel::error);
    CHECK(log_options(parse({"--log", "/x"})).format == LogFormat::text);
    CHECK(log_options(parse({"--log-format", "text"})).format == LogFormat::text);
}

TEST_CASE("global options: wrong values are named") {
    CHECK(refusal_of({"--root", "/"}) == "Option --root argument should not be set to /");
    CHECK(refusal_of({"--root="}) == "Option --root argument should not be set to /");
    CHECK(refusal_of({"--root", "/a/.."}) == "Option --root argument should not be set to /");
    CHECK(refusal_of({"--log-format", "xml"}) == "invalid log-format: xml");
    CHECK(refusal_of({"--log-level", "loud"}) == "invalid log-level: loud");
    CHECK(refusal_of({"--cgroup-manager", "x"}) == "invalid cgroup-manager: x");
    CHECK(refusal_of({"--rootless", "x"}).starts_with("--rootless: expected"));
}
