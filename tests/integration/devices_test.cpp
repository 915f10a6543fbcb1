// runtime-spec config-linux#devices, #default-devices, #masked-paths and #readonly-paths.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>

using namespace corun::test;

namespace {

Result run_with(Bundle& bundle, const std::vector<std::string>& command) {
    Runtime runtime;
    bundle.args(command);
    return runtime.run(bundle);
}

}  // namespace

TEST_CASE("devices: the default ones are there, for everyone") {
    Bundle bundle;

    const Result result = run_with(
        bundle,
        {"probe",
         "stat",
         "/dev/null",
         ",",
         "stat",
         "/dev/zero",
         ",",
         "stat",
         "/dev/full",
         ",",
         "stat",
         "/dev/random",
         ",",
         "stat",
         "/dev/urandom",
         ",",
         "stat",
         "/dev/tty"}
    );

    CHECK(has_line("/dev/null: char 0666 0:0 1:3", result.out));
    CHECK(has_line("/dev/zero: char 0666 0:0 1:5", result.out));
    CHECK(has_line("/dev/full: char 0666 0:0 1:7", result.out));
    CHECK(has_line("/dev/random: char 0666 0:0 1:8", result.out));
    CHECK(has_line("/dev/urandom: char 0666 0:0 1:9", result.out));
    CHECK(contains(result.out, "/dev/tty: char 0666 0:"));
}

TEST_CASE("devices: the symlinks of /dev are there") {
    Bundle bundle;

    const Result result = run_with(
        bundle,
        {"probe",
         "stat",
         "/dev/fd",
         ",",
         "stat",
         "/dev/stdin",
         ",",
         "stat",
         "/dev/stdout",
         ",",
         "stat",
         "/dev/stderr",
         ",",
         "stat",
         "/dev/ptmx"}
    );

    CHECK(contains(result.out, "/dev/fd: symlink 0777 0:0 -> /proc/self/fd\n"));
    CHECK(contains(result.out, "-> /proc/self/fd/0\n"));
    CHECK(contains(result.out, "-> /proc/self/fd/1\n"));
    CHECK(contains(result.out, "-> /proc/self/fd/2\n"));
    CHECK(contains(result.out, "pts/ptmx\n"));
}

TEST_CASE("devices: one of the document has its type, numbers, mode and owner") {
    Bundle bundle;
    bundle.linux_section()["devices"] = {
        {{"path", "/dev/fuse-like"},
         {"type", "c"},
         {"major", 10},
         {"minor", 229},
         {"fileMode", 0640},
         {"uid", 5},
         {"gid", 6}},
        {{"path", "/dev/below/disk"},
         {"type", "b"},
         {"major", 8},
         {"minor", 17},
         {"fileMode", 0600}},
        {{"path", "/dev/pipe"}, {"type", "p"}, {"fileMode", 0622}},
    };

    const Result result = run_with(
        bundle,
        {"probe",
         "stat",
         "/dev/fuse-like",
         ",",
         "stat",
         "/dev/below/disk",
         ",",
         "stat",
         "/dev/pipe"}
    );

    CHECK(has_line("/dev/fuse-like: char 0640 5:6 10:229", result.out));
    CHECK(has_line("/dev/below/disk: block 0600 0:0 8:17", result.out));
    CHECK(has_line("/dev/pipe: fifo 0622 0:0", result.out));
}

TEST_CASE("devices: one of an unknown type is an error that names it") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).linux_section()["devices"] = {
        {{"path", "/dev/x"}, {"type", "z"}, {"major", 1}, {"minor", 3}},
    };

    CHECK(failed_saying("/linux/devices/0", runtime.run(bundle)));
}

TEST_CASE("devices: a /dev that is bound from the host is left as it is") {
    const TempDir host;
    write_text(host / "mine", "mine\n");
    REQUIRE(::mknod((host / "null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0);
    Bundle bundle;
    for (const char* destination : {"/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"}) {
        bundle.without_mount(destination);
    }
    bundle.mount({"/dev", "bind", host.path(), {"rbind"}});

    const Result result = run_with(bundle, {"probe", "list", "/dev"});

    CHECK_MESSAGE(has_line("entry=mine", result.out), result.err);
    if (is_corun()) {
        CHECK_FALSE(contains(result.out, "entry=zero"));
    }
}

TEST_CASE("devices: a symlink at a device's place does not lead to the host (CVE-2026-88264)") {
    const TempDir host;
    Bundle bundle;
    for (const char* destination : {"/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"}) {
        bundle.without_mount(destination);
    }
    bundle.writable_root().symlink("/dev/zero", host / "zero").symlink("/dev/console", host / "c");

    (void)run_with(bundle, {"true"});  // may fail; what matters is where it wrote

    CHECK(std::filesystem::is_empty(host.path()));
}

TEST_CASE("masked: a file reads as empty and a directory as empty") {
    Bundle bundle;
    bundle.file("/secret/file", "secret\n").file("/plain", "secret\n");
    bundle.linux_section()["maskedPaths"] = {"/secret", "/plain", "/not/there", "/proc/keys"};

    const Result result = run_with(
        bundle, {"probe", "list", "/secret", ",", "read", "/plain", ",", "read", "/proc/keys"}
    );

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(result.out == "");
}

TEST_CASE("masked: where the kernel has a symlink in /proc, what it leads to is masked") {
    Runtime runtime;
    Bundle bundle;
    bundle.linux_section()["maskedPaths"] = {"/proc/net", "/proc/mounts"};
    bundle.args(
        {"probe", "list", "/proc/net", ",", "list", "/proc/1/net", ",", "read", "/proc/self/mounts"}
    );

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(result.out == "");
}

TEST_CASE("masked: a masked directory cannot be written") {
    Bundle bundle;
    bundle.writable_root().directory("/secret").linux_section()["maskedPaths"] = {"/secret"};

    CHECK(has_line(
        "write /secret/x: EROFS", run_with(bundle, {"probe", "try-write", "/secret/x"}).out
    ));
}

TEST_CASE("masked: the null device of the image is not used (CVE-2025-31133)") {
    Bundle bundle;
    for (const char* destination : {"/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"}) {
        bundle.without_mount(destination);
    }
    bundle.writable_root()
        .file("/plain", "secret\n")
        .symlink("/dev/null", "/proc/sys/kernel/hostname");
    bundle.linux_section()["maskedPaths"] = {"/plain"};

    const Result result = run_with(bundle, {"probe", "read", "/plain"});

    if (result.exit_code == 0) {
        CHECK(result.out == "");
    } else {
        CHECK(result.err != "");  // refused: as good
    }
}

TEST_CASE("readonly: a path cannot be written while what is beside it can") {
    Bundle bundle;
    bundle.writable_root().directory("/keep").directory("/change");
    bundle.linux_section()["readonlyPaths"] = {"/keep", "/not/there"};

    const Result result =
        run_with(bundle, {"probe", "try-write", "/keep/x", ",", "try-write", "/change/x"});

    CHECK(has_line("write /keep/x: EROFS", result.out));
    CHECK(has_line("write /change/x: ok", result.out));
}

TEST_CASE("readonly: the kernel's settings cannot be written even by full root") {
    Bundle bundle;
    bundle.capabilities({"CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_DAC_OVERRIDE"});

    const Result result = run_with(
        bundle,
        {"probe",
         "try-write",
         "/proc/sys/net/ipv4/ip_forward",
         ",",
         "try-write",
         "/proc/sys/kernel/hostname"}
    );

    CHECK(has_line("write /proc/sys/net/ipv4/ip_forward: EROFS", result.out));
    CHECK(has_line("write /proc/sys/kernel/hostname: EROFS", result.out));
}

TEST_CASE("masked: a relative path is an error that names the property") {
    if (!is_corun()) {
        return;
    }
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).linux_section()["maskedPaths"] = {"proc/keys"};

    CHECK(failed_saying("/linux/maskedPaths/0", runtime.run(bundle)));
}
