// `exec`: one more process in a running container, with the container's own confinement.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

using namespace corun::test;

namespace {

/// A container for others to be executed in; ends with the scope.
class Host {
public:
    explicit Host(Bundle& bundle)
        : container_(runtime_.run_detached(bundle.args({"probe", "pause"}))) {
        container_.wait_for_output("ready");
    }

    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    Host(Host&&) = delete;
    Host& operator=(Host&&) = delete;

    ~Host() { (void)runtime_({"delete", "--force", container_.id()}); }  // leftovers() tells

    [[nodiscard]] Container& container() { return container_; }

    [[nodiscard]] Runtime& runtime() { return runtime_; }

    Result exec(const std::vector<std::string>& command) { return container_.exec(command); }

    Result exec(const std::vector<std::string>& options, const std::vector<std::string>& command) {
        return container_.exec(options, command);
    }

private:
    Runtime runtime_;
    Container container_;
};

}  // namespace

TEST_CASE("exec: output and exit status are the process's own") {
    Bundle bundle;
    Host host(bundle);

    const Result result = host.exec({"sh", "-c", "echo out; echo err >&2; exit 9"});

    CHECK(result.exit_code == 9);
    CHECK(result.out == "out\n");
    CHECK(result.err == "err\n");
}

TEST_CASE("exec: a process killed by a signal gives 128 and the signal") {
    Bundle bundle;
    Host host(bundle);

    CHECK(host.exec({"probe", "kill-self", "15"}).exit_code == 128 + SIGTERM);
}

TEST_CASE("exec: input reaches the process") {
    Bundle bundle;
    Host host(bundle);

    const Result result =
        host.runtime()({"exec", host.container().id(), "cat"}, SpawnOptions{.input = "input\n"});

    CHECK(result.out == "input\n");
}

TEST_CASE("exec: options behind the command are the command's") {
    Bundle bundle;
    Host host(bundle);

    CHECK(
        host.exec({"probe", "args", "--cwd", "-d", "--"}).out ==
        "arg[0]=--cwd\narg[1]=-d\narg[2]=--\n"
    );
}

TEST_CASE("exec: the process is in all the namespaces and the cgroup of the container") {
    Bundle bundle;
    Host host(bundle);

    const Result result = host.exec({"probe", "namespaces", ",", "read", "/proc/self/cgroup"});

    for (const char* name : {"cgroup", "ipc", "mnt", "net", "pid", "uts"}) {
        INFO(name);
        const std::string own = std::filesystem::read_symlink(
            corun::concat("/proc/", host.container().pid(), "/ns/", name)
        );
        CHECK(value_of(corun::concat("ns-", name), result.out) == own);
    }
    CHECK(contains(result.out, "0::/\n"));
}

TEST_CASE("exec: --cgroup is a cgroup below the container's, and no other") {
    Bundle bundle;
    Host host(bundle);
    std::filesystem::create_directory(cgroup_directory(bundle.cgroup()) + "/below");

    CHECK(contains(host.exec({"--cgroup", "below"}, {"cat", "/proc/self/cgroup"}).out, "/below\n"));
    CHECK(failed_saying(
        "bad sub cgroup path: .. is not a sub cgroup path", host.exec({"--cgroup", ".."}, {"true"})
    ));
    CHECK(failed_saying(
        corun::concat(
            " adding pid to ",
            cgroup_directory(bundle.cgroup()),
            "/absent/cgroup.procs: no such file or directory"
        ),
        host.exec({"--cgroup", "absent"}, {"true"})
    ));
}

TEST_CASE("exec: a delegated cgroup that the container has removed is no way out of its limits") {
    Bundle bundle;
    bundle.annotation("run.oci.delegate-cgroup", "init");
    Host host(bundle);
    const std::string own = cgroup_directory(bundle.cgroup());
    std::filesystem::create_directory(own + "/other");
    write_text(own + "/other/cgroup.procs", std::to_string(host.container().pid()));
    std::filesystem::remove(own + "/init");

    CHECK(failed_saying(
        "/init/cgroup.procs: no such file or directory", host.exec({"cat", "/proc/self/cgroup"})
    ));
}

TEST_CASE("exec: environment, directory and user are the container's unless given") {
    Bundle bundle;
    bundle.env("FROM=bundle").directory("/home/a").cwd("/home/a").user(1000, 1000);
    Host host(bundle);

    const Result plain = host.exec({"probe", "env", ",", "cwd", ",", "ids"});
    const Result given = host.exec(
        {"--env", "FROM=option", "--env", "NEW=1", "--cwd", "/etc", "--user", "7:8"},
        {"probe", "env", ",", "cwd", ",", "ids"}
    );

    CHECK(has_line("FROM=bundle", plain.out));
    CHECK(has_line("cwd=/home/a", plain.out));
    CHECK(has_line("uid=1000,1000,1000", plain.out));
    CHECK(has_line("NEW=1", given.out));
    CHECK(has_line("cwd=/etc", given.out));
    CHECK(has_line("uid=7,7,7", given.out));
    CHECK(has_line("gid=8,8,8", given.out));
    if (is_corun()) {
        CHECK(has_line("FROM=option", given.out));
    }
}

TEST_CASE("exec --user: one number is the user, not root (CVE-2026-30892)") {
    Bundle bundle;
    Host host(bundle);

    CHECK(value_of("uid", host.exec({"--user", "1"}, {"probe", "ids"}).out) == "1,1,1");
    CHECK(host.exec({"--user", "name"}, {"true"}).exit_code != 0);
    CHECK(host.exec({"--user", "1x"}, {"true"}).exit_code != 0);
}

TEST_CASE("exec --cap: adds to the sets but not to the inheritable one (CVE-2022-29162)") {
    Bundle bundle;
    Host host(bundle);

    const std::string out = host.exec({"--cap", "CAP_SYS_TIME"}, {"probe", "caps"}).out;

    CHECK(value_of("CapEff", out) == "0000000022000420");
    CHECK(value_of("CapBnd", out) == "0000000022000420");
    CHECK(value_of("CapInh", out) == "0000000000000000");
}

TEST_CASE("exec --cap: one that nobody knows is warned of, and the rest is granted") {
    Bundle bundle;
    Host host(bundle);

    const Result result =
        host.exec({"--cap", "CAP_UNKNOWN", "--cap", "CAP_SYS_TIME"}, {"probe", "caps"});

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(value_of("CapEff", result.out) == "0000000022000420");
    CHECK(contains(result.err, "CAP_UNKNOWN"));
}

TEST_CASE("exec: limits, umask and noNewPrivileges are the container's") {
    Bundle bundle;
    bundle.process()["user"]["umask"] = 0027;
    Host host(bundle);

    const std::string out = host.exec({"probe", "limits", ",", "umask", ",", "security"}).out;

    CHECK(has_line("RLIMIT_NOFILE=1024:1024", out));
    CHECK(has_line("umask=0027", out));
    CHECK(has_line("NoNewPrivs=1", out));
}

TEST_CASE("exec --process: the file's process object replaces the container's") {
    Bundle bundle;
    bundle.env("FROM=bundle");
    Host host(bundle);
    Json process = bundle.process();
    process["args"] = {"probe", "env", ",", "ids"};
    process["env"] = {"PATH=/bin", "FROM=file"};
    process["user"] = {{"uid", 33}, {"gid", 34}};
    write_text(bundle.path("process.json"), process.dump());

    const Result result =
        host.runtime()({"exec", "--process", bundle.path("process.json"), host.container().id()});

    CHECK(has_line("FROM=file", result.out));
    CHECK(has_line("uid=33,33,33", result.out));
}

TEST_CASE("exec --detach: the runtime ends, the process runs on, its pid is in the file") {
    Bundle bundle;
    Host host(bundle);
    const std::string file = bundle.path("exec.pid");

    Process process = host.runtime().spawn(
        {"exec", "--detach", "--pid-file", file, host.container().id(), "probe", "wait"}
    );
    CHECK(process.wait().exit_code == 0);
    process.wait_for_output("ready");
    const pid_t pid = std::stoi(read_text(file));
    CHECK(contains(read_text(corun::concat("/proc/", pid, "/cmdline")), "probe"));
    ::kill(pid, SIGTERM);

    CHECK(process.output_until_closed() == "ready\ngot SIGTERM\n");
    // This program adopted it, and its pid namespace cannot end before it is reaped.
    CHECK(::waitpid(pid, nullptr, 0) == pid);
}

TEST_CASE("exec: no descriptor of the host's leaks into the process") {
    Bundle bundle;
    Host host(bundle);
    const corun::sys::UniqueFd leak(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));

    const Result result = host.runtime(
    )({"exec", host.container().id(), "probe", "fds"},
      SpawnOptions{.fds = {PassedFd{leak.ref(), 7}, PassedFd{leak.ref(), 50}}});

    for (const std::string_view line : corun::split(result.out, '\n')) {
        const bool standard = line.empty() || line.starts_with("fd=0 ") ||
                              line.starts_with("fd=1 ") || line.starts_with("fd=2 ");
        CHECK_MESSAGE(standard, std::string(line));
    }
}

TEST_CASE("exec: a cwd through a leaked descriptor does not lead out (CVE-2024-21626)") {
    Bundle bundle;
    Host host(bundle);
    const corun::sys::UniqueFd host_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (int number = 3; number < 12; ++number) {
        const Result result = host.runtime(
        )({"exec",
           "--cwd",
           corun::concat("/proc/self/fd/", number),
           host.container().id(),
           "probe",
           "cwd"},
          SpawnOptions{.fds = {PassedFd{host_root.ref(), 9}}});

        CHECK_MESSAGE(result.exit_code != 0, result.out);
    }
}

TEST_CASE("exec: a program that is absent gives 255 and words that callers know") {
    Bundle bundle;
    Host host(bundle);

    const Result result = host.exec({"no-such-program"});

    CHECK(failed_saying("executable file not found in $PATH", result));
    if (is_corun()) {
        CHECK(result.exit_code == 255);
    }
}

TEST_CASE("exec: a stopped and a paused container are errors that say so") {
    Bundle bundle;
    Host host(bundle);
    host.runtime().expect_success({"pause", host.container().id()});

    const Result paused = host.exec({"true"});
    host.runtime().expect_success({"resume", host.container().id()});
    host.container().kill("KILL");
    host.container().wait();
    const Result stopped = host.exec({"true"});

    CHECK(failed_saying("paused", paused));
    CHECK(failed_saying("not running", stopped));
}

TEST_CASE("exec: in a user namespace ids are the container's") {
    Bundle bundle;
    bundle.map_ids(300000, 2000);
    Host host(bundle);

    const Result result =
        host.exec({"--user", "5:6"}, {"probe", "ids", ",", "read", "/proc/self/uid_map"});

    CHECK_MESSAGE(result.exit_code == 0, result.err);
    CHECK(has_line("uid=5,5,5", result.out));
    CHECK(contains(result.out, "300000"));
}

TEST_CASE("exec: many at once all succeed") {
    Bundle bundle;
    Host host(bundle);
    std::vector<Process> processes;
    for (int i = 0; i < 20; ++i) {
        processes.push_back(
            host.runtime().spawn({"exec", host.container().id(), "probe", "exit", "3"})
        );
    }

    for (Process& process : processes) {
        const Result result = process.wait();
        CHECK_MESSAGE(result.exit_code == 3, result.err);
    }
}
