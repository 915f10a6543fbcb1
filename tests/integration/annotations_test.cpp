// crun's extensions by annotation, and the seccomp agents that one of them is about.
#include "capability.hpp"
#include "corun/base/text.hpp"
#include "fd_receiver.hpp"
#include "runtime.hpp"

#include <doctest/doctest.h>

#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

using namespace corun::test;

namespace {

using corun::concat;

Json notify_of_mkdir() {
    return {
        {"defaultAction", "SCMP_ACT_ALLOW"},
        {"syscalls", {{{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_NOTIFY"}}}},
    };
}

/// As an agent does: the first call that waits for an answer fails with `error_number`.
void refuse_one_call(const corun::sys::UniqueFd& listener, int error_number) {
    seccomp_notif call{};
    REQUIRE(::ioctl(listener.ref().number(), SECCOMP_IOCTL_NOTIF_RECV, &call) == 0);
    seccomp_notif_resp answer{};
    answer.id = call.id;
    answer.error = -error_number;
    REQUIRE(::ioctl(listener.ref().number(), SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0);
}

void check_agent(FdReceiver& agent, const Bundle& bundle) {
    Runtime runtime;
    const std::string id = runtime.new_id();
    Process container = runtime.spawn({"run", "--bundle", bundle.write(), id});

    const SentFd sent = agent.receive();
    refuse_one_call(sent.fd, ENOTUNIQ);

    CHECK(contains(container.wait().out, "ENOTUNIQ"));
    const Json state = Json::parse(sent.text);
    CHECK(state.at("fds") == Json{"seccompFd"});
    CHECK(state.at("pid").get<int>() > 1);
    CHECK(state.at("metadata") == "of the agent");
    CHECK(state.at("state").at("id") == id);
    CHECK(state.at("state").at("status") == "creating");
    CHECK(agent.rest() == "");
}

}  // namespace

TEST_CASE("annotations: hooks of every kind append to run.oci.hooks.stdout and .stderr") {
    for (const std::string kind :
         {"prestart",
          "createRuntime",
          "createContainer",
          "startContainer",
          "poststart",
          "poststop"}) {
        CAPTURE(kind);
        Runtime runtime;
        Bundle bundle;
        bundle.args({"true"});
        write_text(bundle.path("out"), "before\n");
        const std::string program =
            kind == "startContainer" ? "/bin/sh" : std::filesystem::canonical("/bin/sh").string();
        bundle.json()["hooks"][kind] = Json::array(
            {{{"path", program}, {"args", {"sh", "-c", "echo to out; echo to err >&2"}}}}
        );
        bundle.annotation("run.oci.hooks.stdout", bundle.path("out"));
        bundle.annotation("run.oci.hooks.stderr", "err");

        const Result result = runtime.run(bundle);

        CHECK_MESSAGE(result.exit_code == 0, result.err);
        CHECK(read_text(bundle.path("out")) == "before\nto out\n");
        CHECK(read_text(bundle.path("err")) == "to err\n");
    }
}

TEST_CASE("annotations: a file for hooks that cannot be made is an error that names it") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).hook("createRuntime", "true");
    bundle.annotation("run.oci.hooks.stdout", "/no/such/directory/file");

    CHECK(failed_saying("/annotations/run.oci.hooks.stdout", runtime.run(bundle)));
}

TEST_CASE("annotations: run.oci.pidfd_receiver is sent a pidfd of the first process") {
    Runtime runtime;
    FdReceiver receiver;
    Bundle bundle;
    bundle.args({"sleep", "1000"}).annotation("run.oci.pidfd_receiver", receiver.path());

    Container container = runtime.run_detached(bundle);

    const SentFd sent = receiver.receive();
    const std::string info = read_text(concat("/proc/self/fdinfo/", sent.fd.ref().number()));
    CHECK(contains(info, concat("\nPid:\t", container.pid(), "\n")));
    CHECK(receiver.rest() == "");
    runtime.expect_success({"delete", "--force", container.id()});
}

TEST_CASE("annotations: a receiver must be an absolute path, and somebody must listen there") {
    for (const std::string key : {"run.oci.pidfd_receiver", "run.oci.seccomp.receiver"}) {
        CAPTURE(key);
        Runtime runtime;
        Bundle bundle;
        bundle.args({"true"}).linux_section()["seccomp"] = notify_of_mkdir();
        FdReceiver other;
        bundle.linux_section()["seccomp"]["listenerPath"] = other.path();
        bundle.annotation(key, "relative");
        CHECK(failed_saying(
            concat("/annotations/", key, ": 'relative' is not an absolute path"),
            runtime.run(bundle)
        ));

        bundle.annotation(key, "/no/such/socket");
        CHECK(failed_saying("/no/such/socket", runtime.run(bundle)));
    }
}

TEST_CASE("seccomp agent: gets one message, with the state and the descriptor, and decides") {
    FdReceiver agent;
    Bundle bundle;
    bundle.args({"probe", "try-mkdir", "/x"}).writable_root();
    Json profile = notify_of_mkdir();
    profile["listenerPath"] = agent.path();
    profile["listenerMetadata"] = "of the agent";
    bundle.linux_section()["seccomp"] = profile;

    check_agent(agent, bundle);
}

TEST_CASE("seccomp agent: where none listens, the error says so in runc's words too") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).linux_section()["seccomp"] = notify_of_mkdir();
    bundle.linux_section()["seccomp"]["listenerPath"] = "/no/such/socket";

    CHECK(failed_saying(
        "/linux/seccomp/listenerPath: failed to connect with seccomp agent: ", runtime.run(bundle)
    ));
}

TEST_CASE("seccomp agent: run.oci.seccomp.receiver takes the place of the listener's path") {
    FdReceiver agent;
    Bundle bundle;
    bundle.args({"probe", "try-mkdir", "/x"}).writable_root();
    Json profile = notify_of_mkdir();
    profile["listenerPath"] = "/no/such/socket";
    profile["listenerMetadata"] = "of the agent";
    bundle.linux_section()["seccomp"] = profile;
    bundle.annotation("run.oci.seccomp.receiver", agent.path());

    check_agent(agent, bundle);
}

TEST_CASE("seccomp agent: an exec'ed process has a filter and a message of its own") {
    FdReceiver agent;
    Runtime runtime;
    Bundle bundle;
    bundle.args({"sleep", "1000"}).writable_root();
    Json profile = notify_of_mkdir();
    profile["listenerPath"] = agent.path();
    bundle.linux_section()["seccomp"] = profile;
    Container container = runtime.run_detached(bundle);
    (void)agent.receive();

    Process exec = runtime.spawn({"exec", container.id(), "probe", "try-mkdir", "/x"});
    const SentFd sent = agent.receive();
    refuse_one_call(sent.fd, ENOTUNIQ);

    CHECK(contains(exec.wait().out, "ENOTUNIQ"));
    const Json state = Json::parse(sent.text);
    CHECK(state.at("pid").get<int>() != container.pid());
    CHECK(state.at("state").at("pid") == container.pid());
    CHECK(state.at("state").at("status") == "running");
    runtime.expect_success({"delete", "--force", container.id()});
}

TEST_CASE("annotations: run.oci.delegate-cgroup is a cgroup below the container's own") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"sh", "-c", "cat /proc/self/cgroup; echo ready; sleep 1000"});
    bundle.annotation("run.oci.delegate-cgroup", "/init/payload");

    Container container = runtime.run_detached(bundle);
    container.wait_for_output("ready");

    CHECK(contains(
        read_text(concat("/proc/", container.pid(), "/cgroup")),
        concat("0::", bundle.cgroup(), "/init/payload\n")
    ));
    CHECK(has_line("0::/init/payload", container.exec({"cat", "/proc/self/cgroup"}).out));
    runtime.expect_success({"pause", container.id()});
    CHECK(container.status() == "paused");
    runtime.expect_success({"resume", container.id()});
    container.kill("KILL");
    CHECK(has_line("0::/init/payload", container.output()));
    container.wait();
    container.remove();
    CHECK_FALSE(std::filesystem::exists(cgroup_directory(bundle.cgroup())));
}

TEST_CASE("annotations: a delegated cgroup belongs to the root of the container's user namespace") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"sleep", "1000"}).map_ids(100000, 65536);
    for (Json& mount : bundle.json()["mounts"]) {
        if (mount["destination"] == "/sys/fs/cgroup") {
            mount["options"] = {"nosuid", "noexec", "nodev"};
        }
    }
    bundle.annotation("run.oci.delegate-cgroup", "init");
    Container container = runtime.run_detached(bundle);

    struct stat status = {};
    const std::string path = cgroup_directory(bundle.cgroup()) + "/init";
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK(status.st_uid == 100000);
    CHECK(::stat((path + "/cgroup.procs").c_str(), &status) == 0);
    CHECK(status.st_uid == 100000);
    runtime.expect_success({"delete", "--force", container.id()});
}

TEST_CASE("annotations: a delegated cgroup that cannot be had is an error") {
    Runtime runtime;
    Bundle bundle;
    bundle.args({"true"}).annotation("run.oci.delegate-cgroup", "../../out");
    CHECK(failed_saying("/annotations/run.oci.delegate-cgroup: bad sub", runtime.run(bundle)));

    bundle.annotation("run.oci.delegate-cgroup", "in");
    const std::string id = runtime.new_id();
    CHECK(failed_saying(
        "/annotations/run.oci.delegate-cgroup: the container has no cgroup",
        runtime({"--cgroup-manager", "disabled", "run", "--bundle", bundle.write(), id})
    ));
}
