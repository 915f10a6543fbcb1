#include "corun/container/systemd_unit.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace corun;
using namespace corun::container;

namespace {

UnitName unit(const std::string& cgroups_path) {
    return unit_name_for(cgroups_path, "web", "system.slice");
}

std::string refusal_of(const std::string& cgroups_path) {
    try {
        return "accepted: " + unit(cgroups_path).name;
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("systemd unit: slice, prefix and name make a scope") {
    CHECK(
        unit("machine.slice:libpod:abc") ==
        UnitName{.name = "libpod-abc.scope", .slice = "machine.slice"}
    );
    CHECK(unit(":runc:abc") == UnitName{.name = "runc-abc.scope", .slice = "system.slice"});
    CHECK(unit("-:runc:abc") == UnitName{.name = "runc-abc.scope", .slice = "-.slice"});
    CHECK(unit("a.slice::abc") == UnitName{.name = "abc.scope", .slice = "a.slice"});
    CHECK(unit("") == UnitName{.name = "corun-web.scope", .slice = "system.slice"});
    CHECK(unit_name_for("", "web", "user.slice").slice == "user.slice");
}

TEST_CASE("systemd unit: a name that ends in .slice is a slice itself") {
    const UnitName slice = unit("a.slice:ignored:a-b.slice");

    CHECK(slice.name == "a-b.slice");
    CHECK(slice.is_slice());
    CHECK(unit_cgroup(slice) == "/a.slice/a-b.slice");
    CHECK_FALSE(unit(":corun:web").is_slice());
}

TEST_CASE("systemd unit: any other form is refused in runc's words") {
    for (const char* path : {"/machine/web", "web", "a.slice:web", "a:b:c:d", "a.slice:b:"}) {
        CHECK(
            refusal_of(path) ==
            "/linux/cgroupsPath: expected cgroupsPath to be of format \"slice:prefix:name\" for "
            "systemd cgroups, got \"" +
                std::string(path) + "\" instead"
        );
    }
}

TEST_CASE("systemd unit: slices lie in each other by their names") {
    CHECK(expand_slice("-.slice").empty());
    CHECK(expand_slice("system.slice") == "/system.slice");
    CHECK(expand_slice("a-b-c.slice") == "/a.slice/a-b.slice/a-b-c.slice");
    CHECK(unit_cgroup(unit("a-b.slice:p:n")) == "/a.slice/a-b.slice/p-n.scope");
    CHECK(unit_cgroup(unit("-:p:n")) == "/p-n.scope");
}

TEST_CASE("systemd unit: what is no slice is refused") {
    for (const char* slice :
         {"a",
          ".slice",
          "-a.slice",
          "a-.slice",
          "a--b.slice",
          "a/b.slice",
          "../x.slice",
          "a b.slice"}) {
        CHECK(
            refusal_of(std::string(slice) + ":p:n") ==
            "/linux/cgroupsPath: invalid slice name: " + std::string(slice)
        );
    }
    CHECK(refusal_of("a.slice:p:b/c.slice").find("invalid slice name") != std::string::npos);
}

TEST_CASE("systemd unit: characters that a unit's name cannot have are escaped") {
    CHECK(unit(":corun:a+b").name == "corun-a\\x2bb.scope");
    CHECK(escape_unit_name("a/b c") == "a\\x2fb\\x20c");
    CHECK(escape_unit_name("a:b-c_d.e@f") == "a:b-c_d.e@f");
}

TEST_CASE("systemd unit: a name longer than systemd's limit is refused") {
    CHECK(refusal_of(":corun:" + std::string(250, 'x')).find("is too long") != std::string::npos);
}
