// Host name, domain name and sysctl: settings of the container's own namespaces.
#include "runtime.hpp"

#include <doctest/doctest.h>

using namespace corun::test;

TEST_CASE("hostname: the container has its own, and the host keeps its") {
    Runtime runtime;
    Bundle bundle;
    bundle.hostname("name-for-test").args({"probe", "names"});
    const std::string before = read_text("/proc/sys/kernel/hostname");

    const Result result = runtime.run(bundle);

    CHECK(value_of("hostname", result.out) == "name-for-test");
    CHECK(read_text("/proc/sys/kernel/hostname") == before);
}

TEST_CASE("hostname: without a UTS namespace it is an error") {
    Runtime runtime;
    Bundle bundle;
    bundle.without_namespace("uts").hostname("x").args({"true"});

    CHECK(failed_saying("hostname", runtime.run(bundle)));
}

TEST_CASE("hostname: one of 64 bytes is the longest") {
    Runtime runtime;
    Bundle longest;
    longest.hostname(std::string(64, 'a')).args({"probe", "names"});
    Bundle longer;
    longer.hostname(std::string(65, 'a')).args({"probe", "names"});

    CHECK(value_of("hostname", runtime.run(longest).out) == std::string(64, 'a'));
    CHECK(failed_saying("hostname", runtime.run(longer)));
}

TEST_CASE("domainname: the container has its own") {
    Runtime runtime;
    Bundle bundle;
    bundle.json()["domainname"] = "example.test";
    bundle.args({"probe", "names"});

    const Result result = runtime.run(bundle);

    if (is_corun()) {
        CHECK(value_of("domainname", result.out) == "example.test");
    }
}

TEST_CASE("sysctl: a setting of the container's namespaces is made there and only there") {
    Runtime runtime;
    Bundle bundle;
    bundle.sysctl("kernel.msgmax", "12345").sysctl("net.ipv4.ip_forward", "1");
    bundle.args(
        {"probe", "read", "/proc/sys/kernel/msgmax", ",", "read", "/proc/sys/net/ipv4/ip_forward"}
    );
    const std::string before = read_text("/proc/sys/kernel/msgmax");

    const Result result = runtime.run(bundle);

    CHECK(result.out == "12345\n1\n");
    CHECK(read_text("/proc/sys/kernel/msgmax") == before);
}

TEST_CASE("sysctl: a setting of the whole machine is refused by name") {
    Runtime runtime;
    Bundle bundle;
    bundle.sysctl("kernel.core_pattern", "|/bin/evil").args({"true"});
    const std::string before = read_text("/proc/sys/kernel/core_pattern");

    CHECK(failed_saying("kernel.core_pattern", runtime.run(bundle)));
    CHECK(read_text("/proc/sys/kernel/core_pattern") == before);
}

TEST_CASE("sysctl: a setting of a namespace that is shared with the host is refused") {
    Runtime runtime;
    Bundle bundle;
    bundle.without_namespace("network").sysctl("net.ipv4.ip_forward", "1").args({"true"});
    const std::string before = read_text("/proc/sys/net/ipv4/ip_forward");

    CHECK(failed_saying("net.ipv4.ip_forward", runtime.run(bundle)));
    CHECK(read_text("/proc/sys/net/ipv4/ip_forward") == before);
}

TEST_CASE("sysctl: a path that climbs out of /proc/sys is refused") {
    Runtime runtime;
    Bundle bundle;
    bundle.sysctl("net/../kernel/core_pattern", "x").args({"true"});
    const std::string before = read_text("/proc/sys/kernel/core_pattern");

    CHECK(failed_saying("core_pattern", runtime.run(bundle)));
    CHECK(read_text("/proc/sys/kernel/core_pattern") == before);
}
