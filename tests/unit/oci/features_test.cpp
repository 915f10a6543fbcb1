// features.json follows from the parser's tables and the facts of the build.
#include "corun/oci/features.hpp"

#include "corun/oci/json_reader.hpp"
#include "corun/oci/mount_options.hpp"

#include <doctest/doctest.h>

using namespace corun::oci;

namespace {

std::vector<std::string> strings(JsonValue list) {
    std::vector<std::string> out;
    read_value(list, out);
    return out;
}

}  // namespace

TEST_CASE("features: versions, hooks and mount options") {
    const JsonDocument document(features_json({}));
    const JsonValue root = document.root();

    CHECK(root.require("ociVersionMin").string() == "1.0.0");
    CHECK(root.require("ociVersionMax").string() == "1.3.0");
    CHECK(
        strings(root.require("hooks")) ==
        std::vector<std::string>{
            "prestart",
            "createRuntime",
            "createContainer",
            "startContainer",
            "poststart",
            "poststop",
        }
    );
    const std::vector<std::string_view> known = known_mount_options();
    CHECK(
        strings(root.require("mountOptions")) ==
        std::vector<std::string>(known.begin(), known.end())
    );
    CHECK_FALSE(root.find("annotations").has_value());
    CHECK_FALSE(root.find("potentiallyUnsafeConfigAnnotations").has_value());
}

TEST_CASE("features: a build without extras says so") {
    const JsonDocument document(features_json({}));
    const JsonValue config = document.root().require("linux");

    CHECK_FALSE(config.require("seccomp").require("enabled").boolean());
    CHECK_FALSE(config.require("apparmor").require("enabled").boolean());
    CHECK_FALSE(config.require("selinux").require("enabled").boolean());
    CHECK_FALSE(config.require("intelRdt").require("enabled").boolean());
    CHECK_FALSE(config.require("netDevices").require("enabled").boolean());
    CHECK_FALSE(config.require("mountExtensions").require("idmap").require("enabled").boolean());
    CHECK_FALSE(config.find("memoryPolicy").has_value());
    CHECK_FALSE(config.require("cgroup").require("v1").boolean());
    CHECK(config.require("cgroup").require("v2").boolean());
    CHECK_FALSE(config.require("cgroup").require("systemd").boolean());
    CHECK(config.require("namespaces").elements().size() == 8);
    CHECK(config.require("capabilities").elements().size() == 41);
}

TEST_CASE("features: every fact of the build is told") {
    const JsonDocument document(features_json({
        .systemd_cgroup = true,
        .systemd_user_cgroup = true,
        .rdma = true,
        .seccomp = true,
        .seccomp_architectures = {"SCMP_ARCH_X86_64"},
        .seccomp_supported_flags = 1U | 2U,
        .apparmor = true,
        .selinux = true,
        .intel_rdt = true,
        .memory_policy = true,
        .idmapped_mounts = true,
        .net_devices = true,
        .annotations = {{"org.corun.version", "1"}},
        .unsafe_annotations = {"bundle", "org.systemd.property."},
    }));
    const JsonValue root = document.root();
    const JsonValue config = root.require("linux");

    for (const char* manager : {"systemd", "systemdUser", "rdma"}) {
        CHECK(config.require("cgroup").require(manager).boolean());
    }
    const JsonValue seccomp = config.require("seccomp");
    CHECK(seccomp.require("enabled").boolean());
    CHECK(seccomp.require("actions").elements().size() == 9);
    CHECK(seccomp.require("operators").elements().size() == 7);
    CHECK(strings(seccomp.require("archs")) == std::vector<std::string>{"SCMP_ARCH_X86_64"});
    CHECK(seccomp.require("knownFlags").elements().size() == 4);
    CHECK(
        strings(seccomp.require("supportedFlags")) ==
        std::vector<std::string>{"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"}
    );
    for (const char* feature : {"apparmor", "selinux", "intelRdt", "netDevices"}) {
        CHECK(config.require(feature).require("enabled").boolean());
    }
    CHECK(config.require("intelRdt").require("schemata").boolean());
    CHECK(config.require("intelRdt").require("monitoring").boolean());
    CHECK(config.require("memoryPolicy").require("modes").elements().size() == 7);
    CHECK(config.require("memoryPolicy").require("flags").elements().size() == 3);
    CHECK(config.require("mountExtensions").require("idmap").require("enabled").boolean());
    CHECK(root.require("annotations").require("org.corun.version").string() == "1");
    CHECK(
        strings(root.require("potentiallyUnsafeConfigAnnotations")) ==
        std::vector<std::string>{"bundle", "org.systemd.property."}
    );
}
