// runtime-spec config#process: what the payload is given, as it sees it itself.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <signal.h>

using namespace corun::test;

namespace {

std::string seen_by(Bundle& bundle, const std::vector<std::string>& command) {
    Runtime runtime;
    bundle.args(command);
    const Result result = runtime.run(bundle);
    CHECK_MESSAGE(result.exit_code == 0, result.err);
    return result.out;
}

}  // namespace

TEST_CASE("process: the arguments arrive unchanged") {
    Bundle bundle;

    const std::string out =
        seen_by(bundle, {"probe", "args", "two words", "", "ünïcode", "-x", "$HOME"});

    CHECK(out == "arg[0]=two words\narg[1]=\narg[2]=ünïcode\narg[3]=-x\narg[4]=$HOME\n");
}

TEST_CASE("process: the environment is the document's, and nothing of the caller's") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "env"}).env("GREETING=hello = world").env("EMPTY=");

    const Result result = runtime.run(bundle, {}, SpawnOptions{.environment = {"CALLERS=secret"}});

    CHECK(has_line("GREETING=hello = world", result.out));
    CHECK(has_line("EMPTY=", result.out));
    CHECK(has_line("TERM=xterm", result.out));
    CHECK_FALSE(contains(result.out, "CALLERS"));
}

TEST_CASE("process: the last of two values of a variable wins" * needs(Capability::corun_itself)) {
    Bundle bundle;
    bundle.env("TWICE=1").env("TWICE=2");

    const std::string out = seen_by(bundle, {"probe", "env"});

    CHECK(has_line("TWICE=2", out));
    CHECK_FALSE(contains(out, "TWICE=1"));
}

TEST_CASE("process: HOME is that of the container's passwd where the document leaves it out") {
    Bundle bundle;
    bundle.file("/etc/passwd", "1000:x:0:0::/roots:/bin/sh\nweb:x:1000:1000::/webs:/bin/sh\n");

    CHECK(has_line("HOME=/roots", seen_by(bundle, {"probe", "env"})));
    bundle.user(1000, 1000);
    CHECK(has_line("HOME=/webs", seen_by(bundle, {"probe", "env"})));
    bundle.user(1001, 1000);
    CHECK(has_line("HOME=/", seen_by(bundle, {"probe", "env"})));
    bundle.env("HOME=/given");
    CHECK(has_line("HOME=/given", seen_by(bundle, {"probe", "env"})));
}

TEST_CASE("process: the payload starts in cwd") {
    Bundle bundle;
    bundle.directory("/home/here").cwd("/home/here");

    CHECK(seen_by(bundle, {"probe", "cwd"}) == "cwd=/home/here\n");
}

TEST_CASE("process: a cwd that is absent is made") {
    Bundle bundle;
    bundle.writable_root().cwd("/srv/not/there");

    CHECK(seen_by(bundle, {"probe", "cwd"}) == "cwd=/srv/not/there\n");
}

TEST_CASE("process: a cwd that is no directory is an error that names it") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).cwd("/etc/passwd");

    CHECK(failed_saying("/etc/passwd", runtime.run(bundle)));
}

TEST_CASE("process: a relative cwd is an error that names the property") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).cwd("relative");

    CHECK(failed_saying("/process/cwd", runtime.run(bundle)));
}

TEST_CASE("process: a cwd through a leaked descriptor does not lead out (CVE-2024-21626)") {
    Runtime runtime;
    const corun::sys::UniqueFd host_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (int number = 3; number < 12; ++number) {
        Bundle bundle;
        bundle.args({"probe", "cwd"}).cwd(corun::concat("/proc/self/fd/", number));

        const Result result =
            runtime.run(bundle, {}, SpawnOptions{.fds = {PassedFd{host_root.ref(), 9}}});

        CHECK_MESSAGE(result.exit_code != 0, result.out);
        CHECK(result.out == "");
    }
}

TEST_CASE("process: a name without a slash is looked up in the container's own PATH") {
    Bundle bundle;
    bundle.file("/opt/tools/greet", "#!/bin/sh\necho greetings \"$1\"\n", 0755);
    bundle.process()["env"] = {"PATH=/nowhere:/opt/tools:/bin"};

    CHECK(seen_by(bundle, {"greet", "friend"}) == "greetings friend\n");
}

TEST_CASE("process: a script whose interpreter is absent is an error that names it") {
    Runtime runtime;
    Bundle bundle;
    bundle.file("/run.sh", "#!/no/such/interpreter with words\n", 0755).args({"/run.sh"});

    const Result result = runtime.run(bundle);

    CHECK(failed_saying(
        "step 'exec': exec /run.sh: no such file or directory (it is a script whose interpreter "
        "is '/no/such/interpreter': '/no' does not exist)",
        result
    ));
}

TEST_CASE("process: a program that is not on the PATH is an error callers know") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"no-such-program"});

    const Result result = runtime.run(bundle);

    CHECK(failed_saying("executable file not found in $PATH", result));
    CHECK(contains(result.err, "no-such-program"));
}

TEST_CASE("process: a path to nothing is an error that says so") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"/bin/no-such-program"});

    const Result result = runtime.run(bundle);

    CHECK(failed_saying("o such file or directory", result));
    CHECK(contains(result.err, "/bin/no-such-program"));
}

TEST_CASE("process: a file without the execute bit is an error that says so") {
    Runtime runtime;
    Bundle bundle;
    bundle.file("/data", "text", 0644).args({"/data"});

    CHECK(failed_saying("ermission denied", runtime.run(bundle)));
}

TEST_CASE("process: no arguments at all is an error that names the property") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({});

    CHECK(failed_saying("/process/args", runtime.run(bundle)));
}

TEST_CASE("process: the exit status of the payload is that of run") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "exit", "42"});

    CHECK(runtime.run(bundle).exit_code == 42);
}

TEST_CASE("process: a payload killed by a signal gives 128 and the signal") {
    Runtime runtime;
    Bundle bundle;
    bundle.without_namespace("pid").args({"probe", "kill-self", "9"});

    CHECK(runtime.run(bundle).exit_code == 128 + SIGKILL);
}

TEST_CASE("process: input, output and errors are the caller's own") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"sh", "-c", "cat; echo complaint >&2"});

    const Result result = runtime.run(bundle, {}, SpawnOptions{.input = "line one\nline two\n"});

    CHECK(result.out == "line one\nline two\n");
    CHECK(result.err == "complaint\n");
}

TEST_CASE("process: user, group and additional groups are what the document says") {
    Bundle bundle;
    bundle.user(1000, 1001);
    bundle.process()["user"]["additionalGids"] = {29, 4242};

    const std::string out = seen_by(bundle, {"probe", "ids"});

    CHECK(out == "uid=1000,1000,1000\ngid=1001,1001,1001\ngroups=29,4242\n");
}

TEST_CASE("process: the caller's own groups are dropped") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "ids"});
    std::vector<std::string> command = {
        "setpriv",
        "--groups",
        "7,8",
        runtime_binary(),
        "--root",
        runtime.root(),
    };
    for (const std::string& word : {std::string("run"), std::string("--bundle"), bundle.write()}) {
        command.push_back(word);
    }
    command.push_back(runtime.new_id());

    CHECK(value_of("groups", corun::test::run(command).out) == "");
}

TEST_CASE("process: numbers of users need no passwd entry, and a passwd entry changes none") {
    Bundle bundle;
    bundle.file("/etc/passwd", "4000:x:0:0:named like a number:/root:/bin/sh\n").user(4000, 4000);

    CHECK(value_of("uid", seen_by(bundle, {"probe", "ids"})) == "4000,4000,4000");
}

TEST_CASE("process: the umask is 0022 unless given") {
    Bundle by_default;
    Bundle given;
    given.process()["user"]["umask"] = 0077;

    CHECK(seen_by(by_default, {"probe", "umask"}) == "umask=0022\n");
    CHECK(seen_by(given, {"probe", "umask"}) == "umask=0077\n");
}

TEST_CASE("process: resource limits are set, soft and hard") {
    Bundle bundle;
    bundle.rlimit("RLIMIT_CORE", 0, 4096).rlimit("RLIMIT_STACK", 1 << 20, 1 << 21);

    const std::string out = seen_by(bundle, {"probe", "limits"});

    CHECK(has_line("RLIMIT_CORE=0:4096", out));
    CHECK(has_line("RLIMIT_STACK=1048576:2097152", out));
    CHECK(has_line("RLIMIT_NOFILE=1024:1024", out));
}

TEST_CASE("process: a limit of the largest number is no limit") {
    Bundle bundle;
    bundle.process()["rlimits"].push_back(
        {{"type", "RLIMIT_FSIZE"}, {"soft", UINT64_MAX}, {"hard", UINT64_MAX}}
    );

    CHECK(has_line("RLIMIT_FSIZE=-1:-1", seen_by(bundle, {"probe", "limits"})));
}

TEST_CASE("process: an unknown or a repeated limit is an error that names it") {
    Runtime runtime;
    Bundle unknown;
    unknown.args({"true"}).rlimit("RLIMIT_NONSENSE", 1, 1);
    Bundle repeated;
    repeated.args({"true"}).rlimit("RLIMIT_NOFILE", 1, 1);

    CHECK(failed_saying("RLIMIT_NONSENSE", runtime.run(unknown)));
    if (is_corun()) {
        CHECK(failed_saying("RLIMIT_NOFILE", runtime.run(repeated)));
    }
}

TEST_CASE("process: a soft limit above the hard one is an error") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).rlimit("RLIMIT_CORE", 10, 5);

    CHECK(failed_saying("RLIMIT_CORE", runtime.run(bundle)));
}

TEST_CASE("process: each set of capabilities is exactly the document's") {
    Bundle bundle;
    bundle.process()["capabilities"] = {
        {"bounding", {"CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"}},
        {"effective", {"CAP_KILL"}},
        {"permitted", {"CAP_CHOWN", "CAP_KILL"}},
        {"inheritable", {"CAP_CHOWN"}},
        {"ambient", {"CAP_CHOWN"}},
    };
    bundle.user(1000, 1000);
    bundle.process()["noNewPrivileges"] = false;

    const std::string out = seen_by(bundle, {"probe", "caps"});

    // CHOWN is 0, KILL 5, NET_RAW 13. A program without file capabilities keeps only the ambient
    // ones over its exec. (capabilities(7))
    CHECK(value_of("CapBnd", out) == "0000000000002021");
    CHECK(value_of("CapInh", out) == "0000000000000001");
    CHECK(value_of("CapAmb", out) == "0000000000000001");
    CHECK(value_of("CapPrm", out) == "0000000000000001");
    CHECK(value_of("CapEff", out) == "0000000000000001");
}

TEST_CASE("process: root has the bounding set and no more") {
    Bundle bundle;

    const std::string out = seen_by(bundle, {"probe", "caps"});

    // AUDIT_WRITE 29, KILL 5, NET_BIND_SERVICE 10
    CHECK(value_of("CapBnd", out) == "0000000020000420");
    CHECK(value_of("CapEff", out) == "0000000020000420");
    CHECK(value_of("CapInh", out) == "0000000000000000");
    CHECK(value_of("CapAmb", out) == "0000000000000000");
}

TEST_CASE("process: no capabilities in the document leaves none") {
    Bundle bundle;
    bundle.process()["capabilities"] = Json::object();

    const std::string out = seen_by(bundle, {"probe", "caps"});

    CHECK(value_of("CapBnd", out) == "0000000000000000");
    CHECK(value_of("CapEff", out) == "0000000000000000");
}

TEST_CASE("process: noNewPrivileges is set, and only if asked for") {
    Bundle with;
    Bundle without;
    without.process()["noNewPrivileges"] = false;

    CHECK(value_of("NoNewPrivs", seen_by(with, {"probe", "security"})) == "1");
    CHECK(value_of("NoNewPrivs", seen_by(without, {"probe", "security"})) == "0");
}

TEST_CASE("process: oomScoreAdj is set, and left alone if absent") {
    Bundle with;
    with.process()["oomScoreAdj"] = 321;
    Bundle without;

    CHECK(seen_by(with, {"probe", "read", "/proc/self/oom_score_adj"}) == "321\n");
    CHECK(
        seen_by(without, {"probe", "read", "/proc/self/oom_score_adj"}) ==
        read_text("/proc/self/oom_score_adj")
    );
}

TEST_CASE("process: only the three standard descriptors are open") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "fds"});
    const corun::sys::UniqueFd leak(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));

    const Result result = runtime.run(
        bundle, {}, SpawnOptions{.fds = {PassedFd{leak.ref(), 5}, PassedFd{leak.ref(), 70}}}
    );

    for (const std::string_view line : corun::split(result.out, '\n')) {
        const bool standard = line.empty() || line.starts_with("fd=0 ") ||
                              line.starts_with("fd=1 ") || line.starts_with("fd=2 ");
        CHECK_MESSAGE(standard, std::string(line));
    }
}

TEST_CASE("process: --preserve-fds passes that many descriptors on") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "fds"});
    const corun::sys::UniqueFd file(::open("/dev/zero", O_RDONLY | O_CLOEXEC));

    const Result result = runtime.run(
        bundle,
        {"--preserve-fds", "2"},
        SpawnOptions{
            .fds = {PassedFd{file.ref(), 3}, PassedFd{file.ref(), 4}, PassedFd{file.ref(), 5}}}
    );

    CHECK(contains(result.out, "fd=3 "));
    CHECK(contains(result.out, "fd=4 "));
    CHECK_FALSE(contains(result.out, "fd=5 "));
}

TEST_CASE("process: a descriptor the caller does not have is an error, never one of the runtime's"
) {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "fds"});

    // The runtime's own descriptors have these very numbers: one is of a host directory.
    const Result preserved = runtime.run(bundle, {"--preserve-fds", "8"});
    CHECK(failed_saying("unable to stat preserved-fd 3 (of 8)", preserved));
    CHECK_FALSE(contains(preserved.out, "fd=3 "));

    Bundle sleeping;
    sleeping.args({"sleep", "1000"});
    Container container = runtime.run_detached(sleeping);
    const Result in_exec = container.exec({"--preserve-fds", "8"}, {"probe", "fds"});
    CHECK(failed_saying("unable to stat preserved-fd 3 (of 8)", in_exec));
    CHECK_FALSE(contains(in_exec.out, "fd=3 "));
    CHECK(runtime({"delete", "--force", container.id()}).exit_code == 0);
}

TEST_CASE("process: signals are as at the start of a program, whatever the caller ignores") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "signals"});
    const std::string command = corun::concat(
        "trap '' INT QUIT USR1; exec ",
        runtime_binary(),
        " --root ",
        runtime.root(),
        " run --bundle ",
        bundle.write(),
        " ",
        runtime.new_id()
    );

    const Result result = corun::test::run({"sh", "-c", command});

    CHECK(value_of("SigBlk", result.out) == "0000000000000000");
    if (is_corun()) {
        CHECK(value_of("SigIgn", result.out) == "0000000000000000");
    }
}

TEST_CASE("process: the payload is the first process of its pid namespace") {
    Bundle bundle;

    const std::string out = seen_by(bundle, {"probe", "pids"});

    CHECK(has_line("pid=1", out));
    CHECK(has_line("ppid=0", out));
}

TEST_CASE("process: scheduler and nice value are set") {
    if (!is_corun()) {
        return;
    }
    Bundle nice;
    nice.process()["scheduler"] = {{"policy", "SCHED_BATCH"}, {"nice", 7}};
    Bundle fifo;
    fifo.process()["scheduler"] = {{"policy", "SCHED_FIFO"}, {"priority", 3}};

    const std::string batch = seen_by(nice, {"probe", "scheduling"});
    const std::string realtime = seen_by(fifo, {"probe", "scheduling"});

    CHECK(value_of("policy", batch) == "3");
    CHECK(value_of("nice", batch) == "7");
    CHECK(value_of("policy", realtime) == "1");
    CHECK(value_of("priority", realtime) == "3");
}

TEST_CASE("process: ioPriority is set" * needs(Capability::corun_itself)) {
    Bundle bundle;
    bundle.process()["ioPriority"] = {{"class", "IOPRIO_CLASS_BE"}, {"priority", 6}};

    const std::string out = seen_by(bundle, {"probe", "scheduling"});

    CHECK(value_of("io-class", out) == "2");
    CHECK(value_of("io-priority", out) == "6");
}

TEST_CASE("process: personality LINUX32 is set") {
    Bundle bundle;
    bundle.linux_section()["personality"] = {{"domain", "LINUX32"}};

    const std::string out = seen_by(bundle, {"probe", "personality", ",", "machine"});

    CHECK(value_of("personality", out) == "0x8");
    CHECK(value_of("machine", out) == "i686");
}

TEST_CASE("process: memoryPolicy is set" * needs(Capability::corun_itself)) {
    Bundle bundle;
    bundle.linux_section()["memoryPolicy"] = {{"mode", "MPOL_INTERLEAVE"}, {"nodes", "0"}};

    const std::string out = seen_by(bundle, {"probe", "mempolicy"});

    if (!contains(out, "ENOSYS")) {
        CHECK(value_of("mempolicy", out) == "0x3");
        CHECK(value_of("mempolicy-nodes", out) == "0x1");
    }
}

TEST_CASE("process: the session keyring is a new one of the container's, unless refused") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"probe", "keyring"});

    const Result with = runtime.run(bundle);
    const std::string id = runtime.last_id();
    const Result without = runtime.run(bundle, {"--no-new-keyring"});

    CHECK(contains(with.out, id));
    CHECK_FALSE(contains(without.out, runtime.last_id()));
}
