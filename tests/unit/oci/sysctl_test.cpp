// The two spellings of a sysctl, and whose it is.
#include "corun/oci/sysctl.hpp"

#include <doctest/doctest.h>

using namespace corun::oci;

TEST_CASE("sysctl: the separator that comes first decides, as in sysctl(8)") {
    CHECK(dotted_sysctl("net.ipv4.ip_forward") == "net.ipv4.ip_forward");
    CHECK(dotted_sysctl("net/ipv4/ip_forward") == "net.ipv4.ip_forward");
    CHECK(dotted_sysctl("net/ipv4/conf/eth0.1/rp_filter") == "net.ipv4.conf.eth0/1.rp_filter");
    CHECK(dotted_sysctl("net.ipv4.conf.eth0/1.rp_filter") == "net.ipv4.conf.eth0/1.rp_filter");
    CHECK(dotted_sysctl("plain") == "plain");
}

TEST_CASE("sysctl: a dotted name has one file below /proc/sys") {
    CHECK(sysctl_path("net.ipv4.ip_forward") == "net/ipv4/ip_forward");
    CHECK(sysctl_path("net.ipv4.conf.eth0/1.rp_filter") == "net/ipv4/conf/eth0.1/rp_filter");
}

TEST_CASE("sysctl: a name that leaves its directory is none") {
    CHECK(is_sysctl_name("net.a/b.c"));
    CHECK(is_sysctl_name("net.///.c"));  // net/.../c
    for (const char* name : {"", ".", "net.", ".net", "net..a", "net./.a", "net.//.a"}) {
        CAPTURE(name);
        CHECK_FALSE(is_sysctl_name(name));
    }
}

TEST_CASE("sysctl: each namespace owns its own") {
    CHECK(find_sysctl_owner("net.core.somaxconn")->kind == NamespaceKind::network);
    CHECK(find_sysctl_owner("kernel.shmmax")->kind == NamespaceKind::ipc);
    CHECK(find_sysctl_owner("fs.mqueue.queues_max")->kind == NamespaceKind::ipc);
    CHECK(find_sysctl_owner("kernel.domainname")->kind == NamespaceKind::uts);
    CHECK(find_sysctl_owner("user.max_mnt_namespaces")->kind == NamespaceKind::user);
    CHECK(find_sysctl_owner("kernel.shmmaximum") == nullptr);
    CHECK(find_sysctl_owner("vm.overcommit_memory") == nullptr);
    CHECK(find_sysctl_owner("net") == nullptr);
}
