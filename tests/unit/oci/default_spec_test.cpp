// The config that `spec` writes is one that read_spec() takes.
#include "corun/oci/default_spec.hpp"

#include "corun/oci/read_spec.hpp"

#include <doctest/doctest.h>

using namespace corun::oci;

TEST_CASE("default spec: reads back as a shell in a read-only root with six namespaces") {
    const Spec spec = read_spec(default_spec_json());

    CHECK(spec.oci_version == "1.3.0");
    CHECK(spec.root == Root{.path = "rootfs", .readonly = true});
    CHECK(spec.hostname == "corun");
    REQUIRE(spec.process.has_value());
    CHECK(spec.process->terminal);
    CHECK(spec.process->args == std::vector<std::string>{"sh"});
    CHECK(spec.process->no_new_privileges);
    CHECK(spec.process->capabilities->bounding.unknown.empty());
    CHECK(spec.process->capabilities->bounding == spec.process->capabilities->permitted);
    // Ambient capabilities need inheritable ones, and those are a way to gain privileges.
    CHECK(spec.process->capabilities->ambient == CapabilitySet{});
    CHECK(spec.mounts.size() == 7);
    CHECK(spec.linux_.namespaces.size() == 6);
    CHECK(find_namespace(spec.linux_, NamespaceKind::network) != nullptr);
    CHECK(find_namespace(spec.linux_, NamespaceKind::user) == nullptr);
    CHECK(spec.linux_.resources.devices == std::vector{DeviceRule{}});
}

TEST_CASE("default spec: is indented by tabs and starts with the version, as runc's") {
    CHECK(
        default_spec_json().starts_with("{\n\t\"ociVersion\": \"1.3.0\",\n\t\"process\": {\n\t\t"
                                        "\"terminal\": true,\n")
    );
    CHECK(default_spec_json().ends_with("\n\t}\n}"));
}

TEST_CASE("default spec: the rootless one maps the caller to root and asks for nothing more") {
    const Spec spec = read_spec(rootless_spec_json(1000, 1001));

    CHECK(find_namespace(spec.linux_, NamespaceKind::user) != nullptr);
    CHECK(find_namespace(spec.linux_, NamespaceKind::network) == nullptr);
    CHECK(
        spec.linux_.uid_mappings ==
        std::vector{IdMapping{.container_id = 0, .host_id = 1000, .size = 1}}
    );
    CHECK(
        spec.linux_.gid_mappings ==
        std::vector{IdMapping{.container_id = 0, .host_id = 1001, .size = 1}}
    );
    CHECK(spec.linux_.resources == Resources{});
    for (const Mount& mount : spec.mounts) {
        for (const std::string& option : mount.options) {
            CHECK_FALSE(option.starts_with("gid="));
        }
        if (mount.destination == "/sys") {
            CHECK(mount.source == "/sys");
            CHECK(mount.options.front() == "rbind");
        }
    }
}
