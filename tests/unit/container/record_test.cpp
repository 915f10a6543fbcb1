// The record of a container survives being written and read.
#include "corun/container/record.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace corun;
using namespace corun::container;

namespace {

Record sample() {
    return {
        .oci_version = "1.2.0",
        .bundle = "/b \"1\"",
        .rootfs = "/b/rootfs",
        .annotations = {{"org.x", "multi\nline"}, {"", "y"}},
        .created = "2026-11-23T05:10:43.5Z",
        .owner = 4294967294U,
        .init = {.pid = 77, .start_time = 18446744073709551615U},
        .cgroup_path = "/machine/web",
        .cgroup_created = true,
        .systemd_unit = "corun-web.scope",
        .systemd_user = true,
        .private_pid_namespace = true,
        .has_poststart_hooks = true,
        .has_poststop_hooks = true,
        .streams = {"pipe:[5]", "/dev/null", "a\"b"},
        .phase = Phase::created,
    };
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("record: all of it comes back from JSON") {
    const Record before = sample();

    const Record after = record_from_json(to_json(before, "web"));

    CHECK(after.oci_version == before.oci_version);
    CHECK(after.bundle == before.bundle);
    CHECK(after.rootfs == before.rootfs);
    CHECK(after.annotations == before.annotations);
    CHECK(after.created == before.created);
    CHECK(after.owner == before.owner);
    CHECK(after.init.pid == before.init.pid);
    CHECK(after.init.start_time == before.init.start_time);
    CHECK(after.cgroup_path == before.cgroup_path);
    CHECK(after.cgroup_created);
    CHECK(after.systemd_unit == before.systemd_unit);
    CHECK(after.systemd_user);
    CHECK(after.private_pid_namespace);
    CHECK(after.has_poststart_hooks);
    CHECK(after.has_poststop_hooks);
    CHECK(after.streams == before.streams);
    CHECK(after.phase == Phase::created);
}

TEST_CASE("record: it is one line, with the id for other readers") {
    const std::string text = to_json(sample(), "web");

    CHECK(text.find('\n') == text.size() - 1);
    CHECK(text.find(R"("id":"web")") != std::string::npos);
}

TEST_CASE("record: another format, a missing member or a cut file is refused") {
    const std::string text = to_json(sample(), "web");

    CHECK_THROWS_AS((void)record_from_json(replaced(text, "\"format\":1", "\"format\":2")), Error);
    CHECK_THROWS_AS((void)record_from_json(replaced(text, "\"pid\":77", "\"pod\":77")), Error);
    CHECK_THROWS_AS((void)record_from_json(replaced(text, "\"pid\":77", "\"pid\":\"77\"")), Error);
    CHECK_THROWS_AS((void)record_from_json(replaced(text, "\"created\",", "\"new\",")), Error);
    CHECK_THROWS_AS((void)record_from_json(text.substr(0, text.size() / 2)), Error);
    CHECK_THROWS_AS((void)record_from_json(""), Error);
}

TEST_CASE("record: one of before poststart hooks were noted may have some") {
    Record none = sample();
    none.has_poststart_hooks = false;
    const std::string text = to_json(none, "web");

    CHECK_FALSE(record_from_json(text).has_poststart_hooks);
    CHECK(
        record_from_json(replaced(text, "\"hasPoststartHooks\":", "\"other\":")).has_poststart_hooks
    );
}

TEST_CASE("record: one of before streams were kept has none") {
    const std::string text = to_json(sample(), "web");
    const std::string without = replaced(text, "\"streams\":", "\"other\":");

    CHECK(record_from_json(without).streams.empty());
}
