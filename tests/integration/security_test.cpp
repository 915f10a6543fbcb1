// Attacks on the runtime, each by the number under which it once succeeded against another one.
// Attackers are the author of the image, a process in a container, a sibling that renames what a
// container is made from, and a caller who leaks. What stands beside the subject it concerns is not
// repeated here: mounts_test.cpp, devices_test.cpp, process_test.cpp and exec_test.cpp have more.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>

using namespace corun::test;

namespace fs = std::filesystem;

namespace {

constexpr int kExecs = 60;

/// Of each race; more with CORUN_TEST_RACES.
int race_rounds() {
    const char* asked = std::getenv("CORUN_TEST_RACES");
    return asked != nullptr ? std::stoi(asked) : 150;
}

constexpr const char* kAllCapabilities =
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE "
    "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO "
    "SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME "
    "SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG "
    "WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE";

std::vector<std::string> all_capabilities() {
    std::vector<std::string> names;
    for (const std::string_view name : corun::split(kAllCapabilities, ' ')) {
        names.push_back(corun::concat("CAP_", name));
    }
    return names;
}

/// The runtime's program on the host, and whether it is still what it was.
class OwnBinary {
public:
    OwnBinary() : content_(read()) {}

    [[nodiscard]] bool is_unchanged() const { return read() == content_; }

private:
    static std::string read() {
        constexpr std::size_t kMost = std::size_t{256} << 20U;
        return corun::sys::read_file(corun::sys::FdRef::cwd(), runtime_binary(), kMost);
    }

    std::string content_;
};

/// A part of the host that no container may reach: a file, a directory, a device's stand-in.
class Canary {
public:
    Canary() {
        write_text(directory_ / "file", "of the host\n", 0600);
        fs::create_directory(directory_ / "directory");
        before_ = picture();
    }

    [[nodiscard]] const std::string& path() const { return directory_.path(); }

    [[nodiscard]] std::string file() const { return directory_ / "file"; }

    [[nodiscard]] std::string directory() const { return directory_ / "directory"; }

    [[nodiscard]] bool is_untouched() const { return picture() == before_; }

private:
    [[nodiscard]] std::string picture() const {
        std::string text = read_text(file());
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path())) {
            struct stat info {};

            (void)::lstat(entry.path().c_str(), &info);  // all zeroes is a picture too
            text += corun::concat(
                entry.path().string(), " ", info.st_mode, " ", info.st_uid, " ", info.st_ino, "\n"
            );
        }
        return text;
    }

    TempDir directory_;
    std::string before_;
};

/// A container whose first process preys on every other that enters; ends with the scope.
class Lair {
public:
    explicit Lair(Bundle& bundle)
        : container_(runtime_.run_detached(bundle.args({"probe", "prey"}))) {
        container_.wait_for_output("ready");
    }

    Lair(const Lair&) = delete;
    Lair& operator=(const Lair&) = delete;
    Lair(Lair&&) = delete;
    Lair& operator=(Lair&&) = delete;

    ~Lair() { (void)runtime_({"delete", "--force", container_.id()}); }  // leftovers() tells

    [[nodiscard]] Container& container() { return container_; }

    [[nodiscard]] Runtime& runtime() { return runtime_; }

    /// What the predator got.
    [[nodiscard]] std::string prey() {
        container_.kill("TERM");
        return container_.output();
    }

    [[nodiscard]] std::string pid_namespace() const {
        return corun::concat("/proc/", container_.pid(), "/ns/pid");
    }

private:
    Runtime runtime_;
    Container container_;
};

void check_nothing_was_written(const std::string& prey) {
    INFO(prey);
    CHECK(value_of("written", prey) == "0");
    for (const std::string_view line : corun::split(prey, '\n')) {
        if (line.starts_with("refused=")) {
            const bool known = line == "refused=EROFS" || line == "refused=ETXTBSY" ||
                               line == "refused=EPERM" || line == "refused=EACCES";
            CHECK_MESSAGE(known, std::string(line));
        }
    }
}

void check_nothing_was_caught(const std::string& prey) {
    INFO(prey);
    CHECK(value_of("programs", prey) == "0");
    CHECK(value_of("attached", prey) == "0");
    CHECK(value_of("roots", prey) == "0");
    CHECK_FALSE(contains(prey, "host-directory="));
}

void exec_often(Lair& lair) {
    for (int i = 0; i < kExecs; ++i) {
        const Result result = lair.container().exec({"probe", "exit", "0"});
        CHECK_MESSAGE(result.exit_code == 0, result.err);
    }
}

/// The probe, for use outside of a container.
std::string fixture_program() {
    const char* path = std::getenv("CORUN_FIXTURE");
    return corun::concat(path != nullptr ? path : CORUN_FIXTURE_DEFAULT, "/bin/probe");
}

/// Exchanges two names, without pause, from outside; stops with the scope.
class Swapper {
public:
    Swapper(const std::string& a, const std::string& b)
        : process_({fixture_program(), "swap", a, b}) {
        process_.wait_for_output("ready");
    }

private:
    Process process_;
};

void without_dev(Bundle& bundle) {
    for (const char* destination : {"/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"}) {
        bundle.without_mount(destination);
    }
    bundle.writable_root();
}

std::set<std::string> abstract_sockets() {
    std::set<std::string> names;
    const std::string table = read_text("/proc/net/unix");
    for (const std::string_view line : corun::split(table, '\n')) {
        const std::size_t at = line.find(" @");
        if (at != std::string_view::npos) {
            names.emplace(line.substr(at + 1));
        }
    }
    return names;
}

/// Takes connections and what is sent through them, and never looks.
class Listener {
public:
    Listener() : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
        const auto* name = reinterpret_cast<const sockaddr*>(&address);
        if (::bind(socket_.ref().number(), name, sizeof address) != 0 ||
            ::listen(socket_.ref().number(), 1) != 0) {
            throw HarnessError("cannot listen");
        }
    }

    [[nodiscard]] std::string path() const { return directory_ / "socket"; }

private:
    TempDir directory_;
    corun::sys::UniqueFd socket_;
};

unsigned permissions_of(const std::string& path) {
    struct stat info {};

    CHECK(::stat(path.c_str(), &info) == 0);
    return info.st_mode & 07777U;
}

}  // namespace

// ---- the own binary -----------------------------------------------------------------------------

TEST_CASE("security: exec gives full root no way to write the runtime's program (CVE-2019-5736)") {
    const OwnBinary binary;
    Bundle bundle;
    Lair lair(bundle.capabilities(all_capabilities()));

    exec_often(lair);
    const std::string prey = lair.prey();

    CHECK_MESSAGE(value_of("programs", prey) != "0", "the attack did not take place");
    check_nothing_was_written(prey);
    CHECK(binary.is_unchanged());
}

TEST_CASE("security: a shared pid namespace gives full root no way to write it (CVE-2019-5736)") {
    const OwnBinary binary;
    Bundle bundle;
    Lair lair(bundle.capabilities(all_capabilities()));
    Bundle sibling;
    sibling.join_namespace("pid", lair.pid_namespace()).args({"true"});
    sibling.capabilities(all_capabilities());

    for (int i = 0; i < kExecs / 2; ++i) {
        const Result result = lair.runtime().run(sibling);
        CHECK_MESSAGE(result.exit_code == 0, result.err);
    }
    const std::string prey = lair.prey();

    CHECK_MESSAGE(value_of("programs", prey) != "0", "the attack did not take place");
    check_nothing_was_written(prey);
    CHECK(binary.is_unchanged());
}

TEST_CASE("security: an entry point '#!/proc/self/exe' cannot be used to write it (CVE-2019-5736)"
) {
    const OwnBinary binary;
    Bundle bundle;
    bundle.file("/bin/entry", "#!/proc/self/exe\n", 0755).capabilities(all_capabilities());
    Lair lair(bundle);
    Bundle sibling;
    sibling.file("/bin/entry", "#!/proc/self/exe\n", 0755).args({"/bin/entry"});
    sibling.join_namespace("pid", lair.pid_namespace()).capabilities(all_capabilities());

    for (int i = 0; i < 20; ++i) {
        CHECK(lair.runtime().run(sibling).exit_code != 0);
        CHECK(lair.container().exec({"/bin/entry"}).exit_code != 0);
    }
    const std::string prey = lair.prey();

    CHECK_MESSAGE(value_of("programs", prey) != "0", "the attack did not take place");
    check_nothing_was_written(prey);
    CHECK(binary.is_unchanged());
}

// ---- a process of the host's that enters --------------------------------------------------------

TEST_CASE("security: a process that enters cannot be attached to or looked into (CVE-2016-9962)") {
    Bundle bundle;
    Lair lair(bundle);

    exec_often(lair);
    const std::string prey = lair.prey();

    CHECK_MESSAGE(value_of("sightings", prey) != "0", "the attack did not take place");
    check_nothing_was_caught(prey);
}

TEST_CASE("security: nor by full root of a user namespace (CVE-2016-9962)") {
    Bundle bundle;
    bundle.map_ids(300000, 2000).capabilities(all_capabilities());
    Lair lair(bundle);

    exec_often(lair);

    check_nothing_was_caught(lair.prey());
}

TEST_CASE("security: a process that enters holds no directory of the host (CVE-2016-9962)") {
    Bundle bundle;
    Lair lair(bundle.capabilities({"CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"}));

    exec_often(lair);
    const std::string prey = lair.prey();

    INFO(prey);
    CHECK(value_of("sightings", prey) != "0");
    CHECK(value_of("roots", prey) == "0");
    CHECK_FALSE(contains(prey, "host-directory="));
}

TEST_CASE("security: exec joins the namespaces there are when pids are the host's") {
    for (const bool own_cgroup : {false, true}) {
        Runtime runtime;
        Bundle bundle;
        bundle.without_namespace("pid").args({"probe", "pause"});
        if (!own_cgroup) {
            bundle.without_namespace("cgroup");
        }
        Container container = runtime.run_detached(bundle);
        container.wait_for_output("ready");

        const Result result = container.exec({"probe", "namespaces"});

        CHECK_MESSAGE(result.exit_code == 0, result.err);
        const std::string own =
            fs::read_symlink(corun::concat("/proc/", container.pid(), "/ns/mnt"));
        CHECK(value_of("ns-mnt", result.out) == own);
        runtime.expect_success({"delete", "--force", container.id()});
    }
}

// ---- users and capabilities ---------------------------------------------------------------------

TEST_CASE("security: a user's number is no name in the image's passwd (CVE-2016-3697)") {
    Runtime runtime;
    Bundle bundle;
    bundle.file("/etc/passwd", "1000:x:0:0:root:/:/bin/sh\nroot:x:0:0:root:/:/bin/sh\n");
    bundle.user(1000, 1000).args({"probe", "pause"});
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");

    const Result own = container.exec({"probe", "ids"});
    const Result given = container.exec({"--user", "1000"}, {"probe", "ids"});

    CHECK(has_line("uid=1000,1000,1000", own.out));
    CHECK(has_line("uid=1000,1000,1000", given.out));
    runtime.expect_success({"delete", "--force", container.id()});
}

TEST_CASE("security: another user than root has no capability it was not given (CVE-2016-8867)") {
    Runtime runtime;
    Bundle bundle;
    bundle.user(1000, 1000).args({"probe", "caps"});

    const std::string out = runtime.run(bundle).out;

    for (const char* set : {"CapInh", "CapAmb"}) {
        CHECK_MESSAGE(value_of(set, out) == "0000000000000000", set);
    }
}

TEST_CASE("security: exec --cap and --user give nothing to inherit (CVE-2022-29162, -24769)") {
    Runtime runtime;
    Bundle bundle;
    Container container = runtime.run_detached(bundle.args({"probe", "pause"}));
    container.wait_for_output("ready");

    const std::string out =
        container.exec({"--user", "1000:1000", "--cap", "CAP_NET_RAW"}, {"probe", "caps"}).out;

    CHECK(value_of("CapInh", out) == "0000000000000000");
    CHECK(value_of("CapAmb", out) == "0000000000000000");
    CHECK(value_of("CapEff", out) == "0000000000000000");
    runtime.expect_success({"delete", "--force", container.id()});
}

TEST_CASE("security: exec --user takes one number for the user, not for root (CVE-2026-30892)") {
    Runtime runtime;
    Bundle bundle;
    Container container = runtime.run_detached(bundle.args({"probe", "pause"}));
    container.wait_for_output("ready");

    CHECK(has_line("uid=1,1,1", container.exec({"-u", "1"}, {"probe", "ids"}).out));
    for (const char* nonsense :
         {"", ":", "1:", ":1", "-1", "+1", "0x1", "4294967295", "4294967296"}) {
        INFO(nonsense);
        CHECK(container.exec({"--user", nonsense}, {"probe", "ids"}).exit_code != 0);
    }
    runtime.expect_success({"delete", "--force", container.id()});
}

TEST_CASE("security: a line break in a variable does not reach a file (CVE-2022-4318)") {
    Runtime runtime;
    Bundle bundle;
    bundle.writable_root().env("HOME=/\nevil:x:0:0::/:/bin/sh").args({"true"});
    const std::string before = read_text(bundle.in_rootfs("/etc/passwd"));

    (void)runtime.run(bundle);  // may be refused; what matters is the file

    CHECK(read_text(bundle.in_rootfs("/etc/passwd")) == before);
}

// ---- the image's symlinks -----------------------------------------------------------------------

TEST_CASE("security: a mount lands in the root where its target is a symlink (CVE-2019-18837)") {
    Runtime runtime;
    const Canary canary;
    const TempDir source;
    write_text(source / "mark", "mounted\n");
    Bundle bundle;
    bundle.symlink("/data", canary.directory()).directory(canary.directory());
    bundle.mount({"/data", "bind", source.path(), {"bind"}});
    bundle.args({"probe", "read", canary.directory() + "/mark"});

    CHECK(runtime.run(bundle).out == "mounted\n");
    CHECK(canary.is_untouched());
}

TEST_CASE("security: nothing but the kernel's own goes on /proc or /sys (CVE-2015-3630, -3631)") {
    const TempDir fake;
    for (const std::string place : {"/proc", "/proc/self/attr", "/proc/sys", "/proc/self"}) {
        INFO(place);
        Runtime runtime;
        Bundle bundle;
        bundle.mount({place, "bind", fake.path(), {"bind"}}).args({"true"});

        CHECK(failed_saying("/proc", runtime.run(bundle)));
    }
}

TEST_CASE("security: a tmpfs on /proc does not take the labels' place (CVE-2019-16884)") {
    for (const bool first : {true, false}) {
        Runtime runtime;
        Bundle bundle;
        if (first) {
            bundle.without_mount("/proc");
        }
        bundle.mount({"/proc", "tmpfs", "tmpfs", {}});
        bundle.process()["apparmorProfile"] = "no-such-profile";
        bundle.args({"probe", "exit", "0"});

        CHECK(runtime.run(bundle).exit_code != 0);
    }
}

TEST_CASE("security: a symlink to /proc or /sys is refused at every depth (CVE-2023-28642)") {
    for (const std::string name : {"/proc", "/sys"}) {
        for (const char* target : {"/", "..", "/tmp", "/proc/self/root"}) {
            INFO(name << " -> " << target);
            Runtime runtime;
            Bundle bundle;
            fs::remove(bundle.in_rootfs(name));
            bundle.symlink(name, target).args({"true"});

            CHECK(failed_saying(name, runtime.run(bundle)));
        }
    }
}

TEST_CASE("security: what is made in the root follows no symlink to the host (CVE-2025-24965)") {
    Runtime runtime;
    const Canary canary;
    Bundle bundle;
    bundle.writable_root();
    bundle.symlink("/.krun_config.json", canary.path() + "/new");
    bundle.symlink("/work", canary.path() + "/work").cwd("/work/below");
    bundle.symlink("/etc/mtab", canary.path() + "/mtab");
    bundle.symlink("/etc/resolv.conf", canary.path() + "/resolv.conf");
    bundle.mount({"/etc/resolv.conf", "bind", canary.file(), {"bind", "ro"}});
    bundle.args({"true"});

    (void)runtime.run(bundle);  // may be refused; what matters is where it wrote

    CHECK(canary.is_untouched());
}

TEST_CASE("security: /dev as a symlink keeps the host's ptmx (CVE-2026-41579, CVE-2026-47766)") {
    Runtime runtime;
    const Canary canary;
    write_text(canary.directory() + "/ptmx", "kept\n");
    Bundle bundle;
    without_dev(bundle);
    fs::remove(bundle.in_rootfs("/dev"));
    bundle.symlink("/dev", canary.directory()).args({"true"});

    (void)runtime.run(bundle);  // may be refused; what matters is where it wrote

    CHECK(read_text(canary.directory() + "/ptmx") == "kept\n");
    CHECK(std::distance(fs::directory_iterator(canary.directory()), fs::directory_iterator()) == 1);
}

TEST_CASE("security: /dev/console as a symlink makes no file of the host (CVE-2026-88264)") {
    const Listener console;
    for (const char* target : {"/file", "/new"}) {
        Runtime runtime;
        const Canary canary;
        Bundle bundle;
        bundle.without_mount("/dev").without_mount("/dev/shm").without_mount("/dev/mqueue");
        bundle.writable_root()
            .directory("/dev/pts")
            .symlink("/dev/console", canary.path() + target);
        bundle.terminal().args({"true"});

        const Result result = runtime.try_create(bundle, {"--console-socket", console.path()});

        CHECK(failed_saying("console", result));
        CHECK(canary.is_untouched());
    }
}

TEST_CASE("security: /dev/null as a symlink gives no file of the host away (CVE-2026-88265)") {
    Runtime runtime;
    const Canary canary;
    Bundle bundle;
    without_dev(bundle);
    bundle.directory("/mnt").mount({"/mnt", "bind", canary.path(), {"bind"}});
    bundle.symlink("/dev/null", "/mnt/file").symlink("/dev/stdin", "/mnt/file");
    bundle.user(1000, 1000).args({"true"});

    (void)runtime.run(bundle);  // may be refused; what matters is the owner

    CHECK(canary.is_untouched());
}

// ---- a sibling that renames ---------------------------------------------------------------------

namespace {

/// Runs the bundle again and again while `a` and `b` in its root are exchanged. Each run may fail;
/// `check` looks at what it wrote, the canary must not change.
void race(
    Bundle& bundle,
    const std::string& a,
    const std::string& b,
    const Canary& canary,
    const std::function<void(const Result&)>& check
) {
    Runtime runtime;
    const Swapper swapper(bundle.in_rootfs(a), bundle.in_rootfs(b));
    const int rounds = race_rounds();
    int succeeded = 0;
    for (int i = 0; i < rounds; ++i) {
        const Result result = runtime.run(bundle);
        succeeded += result.exit_code == 0 ? 1 : 0;
        check(result);
    }
    MESSAGE(succeeded << " of " << rounds << " runs went through");
    CHECK(canary.is_untouched());
}

void ignore(const Result&) {}

}  // namespace

TEST_CASE("security: a mount's target that is exchanged leads nowhere else (CVE-2021-30465)") {
    const Canary canary;
    Bundle bundle;
    bundle.directory("/volume/target").symlink("/volume/link", canary.directory());
    bundle.mount({"/volume/target", "tmpfs", "tmpfs", {}});
    bundle.args({"probe", "read", "/proc/self/mountinfo"});

    race(bundle, "/volume/target", "/volume/link", canary, [&](const Result& result) {
        for (const std::string_view line : corun::split(result.out, '\n')) {
            if (line.empty()) {
                continue;
            }
            const std::string point(corun::split(line, ' ').at(4));
            const bool expected = point == "/" || point.starts_with("/proc") ||
                                  point.starts_with("/dev") || point.starts_with("/sys") ||
                                  point.starts_with("/volume/") || point == canary.directory();
            CHECK_MESSAGE(expected, std::string(line));
        }
    });
}

TEST_CASE("security: what is made for a mount is made in the root alone (CVE-2024-45310)") {
    const Canary canary;
    Bundle bundle;
    bundle.writable_root().directory("/volume/target").symlink("/volume/link", canary.directory());
    bundle.mount({"/volume/target/made/deep", "tmpfs", "tmpfs", {}});
    bundle.mount({"/volume/target/file", "bind", "/etc/hostname", {"bind"}});
    bundle.args({"true"});

    race(bundle, "/volume/target", "/volume/link", canary, ignore);
}

TEST_CASE("security: /proc that is exchanged is the kernel's or none (CVE-2019-19921)") {
    const Canary canary;
    Bundle bundle;
    bundle.directory("/volume").symlink("/volume/link", canary.directory());
    bundle.args({"probe", "mount", "/proc"});

    race(bundle, "/proc", "/volume/link", canary, [](const Result& result) {
        CHECK_MESSAGE(
            contains(result.out, "type=") == has_line("type=proc", result.out), result.out
        );
    });
}

TEST_CASE("security: /proc that is moved away is not left unprotected (CVE-2025-31133)") {
    const Canary canary;
    Bundle bundle;
    bundle.directory("/volume/other")
        .args(
            {"probe",
             "try-open",
             "/proc/sysrq-trigger",
             ",",
             "try-open",
             "/volume/other/sysrq-trigger"}
        );

    race(bundle, "/proc", "/volume/other", canary, [](const Result& result) {
        CHECK_MESSAGE(!contains(result.out, ": ok"), result.out);
    });
}

TEST_CASE("security: /dev/null that is exchanged unmasks nothing (CVE-2025-31133)") {
    const Canary canary;
    Bundle bundle;
    without_dev(bundle);
    bundle.file("/dev/null", "").symlink("/dev/link", canary.file()).file("/plain", "secret\n");
    fs::remove(bundle.in_rootfs("/dev/null"));
    REQUIRE(::mknod(bundle.in_rootfs("/dev/null").c_str(), S_IFCHR | 0666, 0x103) == 0);
    bundle.linux_section()["maskedPaths"] = {"/plain"};
    bundle.args({"probe", "read", "/plain"});

    race(bundle, "/dev/null", "/dev/link", canary, [](const Result& result) {
        CHECK(result.out == "");
    });
}

TEST_CASE("security: a masked file that is exchanged is masked or an error (CVE-2025-62161)") {
    const Canary canary;
    Bundle bundle;
    bundle.file("/secret", "secret\n").symlink("/link", canary.file());
    bundle.linux_section()["maskedPaths"] = {"/secret"};
    bundle.args({"true"});

    race(bundle, "/secret", "/link", canary, ignore);
}

TEST_CASE("security: /dev/console that is exchanged is the terminal or an error (CVE-2025-52565)") {
    const Canary canary;
    Bundle bundle;
    bundle.without_mount("/dev").without_mount("/dev/shm").without_mount("/dev/mqueue");
    bundle.writable_root().directory("/dev/pts").file("/dev/console", "");
    bundle.symlink("/dev/link", canary.path() + "/new").terminal().args({"true"});
    Runtime runtime;
    const Swapper swapper(bundle.in_rootfs("/dev/console"), bundle.in_rootfs("/dev/link"));

    for (int i = 0, rounds = race_rounds(); i < rounds; ++i) {
        const Listener console;
        const Result result = runtime.try_create(bundle, {"--console-socket", console.path()});
        if (result.exit_code == 0) {
            runtime.expect_success({"delete", "--force", runtime.last_id()});
        }
    }

    CHECK(canary.is_untouched());
}

TEST_CASE("security: a helper is the caller's program, not one of the image (CVE-2026-84042)") {
    Runtime runtime;
    Bundle bundle;
    for (const char* path : {"/bin/ps", "/usr/bin/ps", "/usr/local/bin/ps"}) {
        bundle.file(path, "#!/bin/sh\necho of the image\n");
        fs::permissions(bundle.in_rootfs(path), fs::perms{0755});
    }
    bundle.args({"probe", "pause"});
    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");

    const Result result = runtime({"ps", container.id()});

    CHECK(contains(result.out, "PID"));
    CHECK(!contains(result.out, "of the image"));
    runtime.expect_success({"delete", "--force", container.id()});
}

// ---- the caller's document ----------------------------------------------------------------------

TEST_CASE("security: a sysctl's value and name cannot reach another sysctl (CVE-2022-0811)") {
    const std::string pattern = read_text("/proc/sys/kernel/core_pattern");
    const std::vector<std::pair<std::string, std::string>> attempts = {
        {"kernel.shm_rmid_forced", "1+kernel.core_pattern=|/bin/evil"},
        {"kernel.shm_rmid_forced", "1\nkernel.core_pattern=|/bin/evil"},
        {"kernel.core_pattern", "|/bin/evil"},
        {"kernel/core_pattern", "|/bin/evil"},
        {"kernel.shm_rmid_forced+kernel.core_pattern", "|/bin/evil"},
        {"net/../kernel/core_pattern", "|/bin/evil"},
        {"net...kernel.core_pattern", "|/bin/evil"},
        {"net.ipv4/../../kernel/core_pattern", "|/bin/evil"},
    };
    for (const auto& [key, value] : attempts) {
        INFO(key << "=" << value);
        Runtime runtime;
        Bundle bundle;
        bundle.sysctl(key, value).args({"true"});

        CHECK(failed_saying("sysctl", runtime.run(bundle)));
    }
    CHECK(read_text("/proc/sys/kernel/core_pattern") == pattern);
}

TEST_CASE("security: a sysctl is written to the kernel's file whatever covers it (CVE-2025-52881)"
) {
    const TempDir fake;
    fs::create_directories(fake / "ipv4");
    write_text(fake / "ipv4/ip_forward", "untouched");
    Runtime runtime;
    Bundle bundle;
    bundle.mount({"/proc/sys/net", "bind", fake.path(), {"bind"}});
    bundle.sysctl("net.ipv4.ip_forward", "1").args({"true"});

    (void)runtime.run(bundle);  // the mount may be refused; what matters is the file

    CHECK(read_text(fake / "ipv4/ip_forward") == "untouched");
}

TEST_CASE("security: namespace paths of any length and number drop none (CVE-2021-43784)") {
    const std::string enormous = "/" + std::string(70000, 'a');
    const std::string dotted = [] {
        std::string path = "/proc";
        while (path.size() < 66000) {
            path += "/.";
        }
        return path + "/self/ns/net";
    }();
    for (const std::string& path : {enormous, dotted}) {
        Runtime runtime;
        Bundle bundle;
        bundle.join_namespace("network", path).args({"true"});

        const Result result = runtime.run(bundle);

        CHECK(failed_saying("aaa", result) == (path == enormous));
        CHECK(result.exit_code < 128);
        CHECK(result.exit_code != 0);
    }
    Runtime runtime;
    Bundle bundle;
    for (int i = 0; i < 3000; ++i) {
        bundle.linux_section()["namespaces"].push_back({{"type", "network"}, {"path", "/x"}});
    }
    CHECK(failed_saying("network", runtime.run(bundle.args({"true"}))));
}

TEST_CASE("security: without a cgroup namespace the host's cgroups are read-only (CVE-2023-25809)"
) {
    Runtime runtime;
    Bundle bundle;
    bundle.map_ids(300000, 2000).without_namespace("cgroup");
    bundle.args(
        {"probe",
         "try-mkdir",
         "/sys/fs/cgroup/new",
         ",",
         "try-write",
         "/sys/fs/cgroup/cgroup.procs",
         "0"}
    );

    const Result result = runtime.run(bundle);

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK_FALSE(contains(result.out, ": ok"));
}

// ---- leaked descriptors -------------------------------------------------------------------------

TEST_CASE("security: no cwd leads out through a leaked descriptor (CVE-2024-21626)") {
    Runtime runtime;
    const corun::sys::UniqueFd host_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    const SpawnOptions leak{.fds = {PassedFd{host_root.ref(), 9}}};
    Bundle running;
    Container container = runtime.run_detached(running.args({"probe", "pause"}), {}, leak);
    container.wait_for_output("ready");
    for (int number = 3; number <= 64; ++number) {
        for (const char* below : {"", "/tmp", "/../../.."}) {
            const std::string cwd = corun::concat("/proc/self/fd/", number, below);
            INFO(cwd);
            Bundle bundle;
            bundle.cwd(cwd).symlink("/link", cwd).args({"probe", "cwd"});

            CHECK(runtime.run(bundle, {}, leak).exit_code != 0);
            CHECK(
                runtime({"exec", "--cwd", cwd, container.id(), "probe", "cwd"}, leak).exit_code != 0
            );
            if (number == 9) {
                CHECK(runtime.run(bundle.cwd("/link"), {}, leak).exit_code != 0);
            }
        }
    }
    runtime.expect_success({"delete", "--force", container.id()});
}

// ---- what lies about on the host ----------------------------------------------------------------

TEST_CASE("security: state is root's alone and no socket is abstract (CVE-2020-15257, -2021-41103)"
) {
    const std::set<std::string> before = abstract_sockets();
    Runtime runtime;
    Bundle bundle;
    Container container = runtime.create(bundle.args({"probe", "wait"}));

    CHECK(permissions_of(runtime.root()) == 0700);
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(runtime.root())) {
        INFO(entry.path());
        CHECK((permissions_of(entry.path()) & 0077U) == 0);
    }
    CHECK(abstract_sockets() == before);
    container.start();
    container.wait_for_output("ready");
    CHECK(abstract_sockets() == before);
    container.kill("TERM");
    container.wait();
    container.remove();
}

TEST_CASE("security: an id cannot lead out of the state directory") {
    Runtime runtime;
    const Canary canary;
    const std::string id = "../../../../../../../.." + canary.directory();
    for (const std::string command :
         {"start", "state", "kill", "delete", "pause", "resume", "ps"}) {
        for (const std::string& bad : {id, std::string(".."), std::string("."), canary.path()}) {
            INFO(command << " " << bad);
            CHECK(runtime({command, bad}).exit_code != 0);
        }
    }
    CHECK(runtime({"exec", id, "true"}).exit_code != 0);
    CHECK(runtime({"delete", "--force", ".."}).exit_code == 1);
    CHECK(canary.is_untouched());
}
